import { readFileSync } from "node:fs";

/**
 * Checks docs/segment-compatibility.md against the code: every box of the checklist names tests that
 * exist or says why it is not offered, and every code that a caller can meet is in the table.
 * Prints what is wrong and exits 1, or prints one line and exits 0.
 */

/** Another document may be named, so that a test can plant faults. */
const DOCUMENT = process.argv[2] ?? "docs/segment-compatibility.md";
const CODE_FILES = ["src/ingest/codes.ts", "src/ingest/answers.ts"];

/** Boxes of the checklist by part: `ingest-01` and on, and so forth. */
const BOXES = { ingest: 14, settings: 3, region: 3, archive: 5, delivery: 2 } as const;

/** `file` › `title`, as the document names a test. */
const TEST = /`(test\/[^`]+\.ts)` › `([^`]+)`/g;
const NOT_OFFERED = /not offered(?: yet)?, because/;

const TAGS = Object.entries(BOXES).flatMap(([part, count]) =>
  Array.from({ length: count }, (_, i) => `${part}-${String(i + 1).padStart(2, "0")}`),
);

function problemsOfBoxes(document: string): string[] {
  const rows = new Map(
    Array.from(document.matchAll(/^\| ([a-z]+-\d\d) \|(.*)$/gm), (row) => [row[1], row[2] ?? ""]),
  );
  return TAGS.flatMap((tag) => {
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

function problemsOfCodes(document: string): string[] {
  const codes = CODE_FILES.flatMap((file) =>
    Array.from(textOf(file).matchAll(/^ {2}\| "([a-z_]+)"/gm), (match) => match[1] ?? ""),
  );
  if (codes.length === 0) return ["no codes were found in the source"];
  return codes.flatMap((code) =>
    document.includes(`| \`${code}\` |`) ? [] : [`the code ${code} is not in the table`],
  );
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

const document = textOf(DOCUMENT);
const problems = [...problemsOfBoxes(document), ...problemsOfCodes(document)];
for (const problem of problems) console.error(`${DOCUMENT}: ${problem}`);
if (problems.length === 0)
  console.log(`${DOCUMENT}: ${TAGS.length} boxes and every code are covered`);
process.exitCode = problems.length === 0 ? 0 : 1;
