import { readFileSync } from "node:fs";

/**
 * Checks docs/segment-compatibility.md and docs/syncs.md against the code: every box of the two
 * checklists names tests that exist or says why it is not offered, and every code that a caller of the
 * tracking API can meet is in the table. Prints what is wrong and exits 1, or a line for each and exits 0.
 */

type Checklist = {
  readonly document: string;
  /** Boxes by part: `ingest-01` and on, and so forth. */
  readonly boxes: Readonly<Record<string, number>>;
  /** Where the codes are that the document has to list. */
  readonly codeFiles: readonly string[];
};

/** Other documents may be named, so that a test can plant faults. */
const [, , SEGMENT = "docs/segment-compatibility.md", SYNCS = "docs/syncs.md"] = process.argv;

const CHECKLISTS: readonly Checklist[] = [
  {
    document: SEGMENT,
    boxes: { ingest: 14, settings: 3, region: 3, archive: 5, delivery: 2 },
    codeFiles: ["src/ingest/codes.ts", "src/ingest/answers.ts"],
  },
  {
    document: SYNCS,
    boxes: { "sync-engine": 13, "sync-mapping": 2, "sync-api": 6, "sync-region": 7 },
    codeFiles: [],
  },
];

/** `file` › `title`, as the document names a test. */
const TEST = /`(test\/[^`]+\.ts)` › `([^`]+)`/g;
const NOT_OFFERED = /not offered(?: yet)?, because/;

function tagsOf({ boxes }: Checklist): readonly string[] {
  return Object.entries(boxes).flatMap(([part, count]) =>
    Array.from({ length: count }, (_, i) => `${part}-${String(i + 1).padStart(2, "0")}`),
  );
}

function problemsOfBoxes(checklist: Checklist, text: string): string[] {
  const rows = new Map(
    Array.from(text.matchAll(/^\| ([a-z-]+-\d\d) \|(.*)$/gm), (row) => [row[1], row[2] ?? ""]),
  );
  return tagsOf(checklist).flatMap((tag) => {
    const row = rows.get(tag);
    if (row === undefined) return [`${tag} is missing`];
    const tests = Array.from(row.matchAll(TEST), ([, file = "", title = ""]) => ({ file, title }));
    if (tests.length === 0 && !NOT_OFFERED.test(row)) {
      return [`${tag} names no test and does not say "not offered, because …"`];
    }
    return tests.flatMap(({ file, title }) =>
      hasTest(file, title) ? [] : [`${tag} names a test that does not exist: ${file} › ${title}`],
    );
  });
}

/** Whether the file has the title as a whole string, in whichever quotes. */
function hasTest(file: string, title: string): boolean {
  const source = textOf(file);
  return ['"', "'", "`"].some((quote) => source.includes(quote + title + quote));
}

function problemsOfCodes({ codeFiles }: Checklist, text: string): string[] {
  return codeFiles.flatMap((file) => {
    const codes = Array.from(
      textOf(file).matchAll(/^ {2}\| "([a-z_]+)"/gm),
      ([, code = ""]) => code,
    );
    if (codes.length === 0) return [`no codes were found in ${file}`];
    return codes.flatMap((code) =>
      text.includes(`| \`${code}\` |`) ? [] : [`the code ${code} is not in the table`],
    );
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

for (const checklist of CHECKLISTS) {
  const { document, codeFiles } = checklist;
  const text = textOf(document);
  const problems = [...problemsOfBoxes(checklist, text), ...problemsOfCodes(checklist, text)];
  for (const problem of problems) console.error(`${document}: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
  else {
    const codes = codeFiles.length > 0 ? " and every code" : "";
    console.log(`${document}: ${tagsOf(checklist).length} boxes${codes} are covered`);
  }
}
