import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { checkHeadFiles, extensionProblem } from "./audit/compare.ts";
import { readExport, type AuditExport } from "./audit/read-export.ts";

/**
 * `npm run verify-audit <export> [<newer export>] [--heads <folder>]`: checks exports of an audit
 * chain (`GET /api/v1/audit/export`) with nothing but the files themselves. Ends with 0 when all is
 * right, 1 when something is wrong, 2 when it was called wrongly.
 */
const USAGE = `Use: npm run verify-audit -- EXPORT [NEWER_EXPORT] [--heads FOLDER]

EXPORT          what GET /api/v1/audit/export gave; checked by itself
NEWER_EXPORT    a later one; checked by itself, and that it extends the first
--heads FOLDER  files that stand under audit/WORKSPACE/ in the bucket; the last
                export has to go through every one of them`;

async function main(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (parsed === undefined) {
    console.error(USAGE);
    return 2;
  }
  const exports: AuditExport[] = [];
  for (const path of parsed.paths) {
    const read = await readExport(readFileSync(path));
    if (!read.ok) return refuse(`${path}: ${read.error}`);
    console.log(`${path}: ${describe(read.value)}`);
    exports.push(read.value);
  }
  const [older, newer] = exports;
  const problem = older && newer ? extensionProblem(older, newer) : undefined;
  if (problem !== undefined) return refuse(problem);
  if (older && newer) {
    console.log(`The newer extends the older by ${newer.head.seq - older.head.seq} entries.`);
  }
  const last = exports.at(-1);
  if (parsed.heads !== undefined && last !== undefined) {
    const code = await compareWithHeads(last, parsed.heads);
    if (code !== 0) return code;
  }
  console.log("RIGHT");
  return 0;
}

async function compareWithHeads(last: AuditExport, folder: string): Promise<number> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  const { problems, daysMissing, count } = await checkHeadFiles(last, files);
  if (daysMissing.length > 0) {
    console.log(`Note: no head file of ${daysMissing.join(", ")}.`);
  }
  if (problems.length > 0) return refuse(problems.join("\n"));
  console.log(`The chain goes through all ${count} head files.`);
  return 0;
}

function describe({ head, days }: AuditExport): string {
  const signed = new Date(head.atMs).toISOString();
  return `${head.workspaceId}, ${head.seq} entries without a break, signed ${signed} with ed25519 ${head.publicKey}, heads of ${days.length} days`;
}

function refuse(problem: string): number {
  console.error(`WRONG: ${problem}`);
  return 1;
}

function parse(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { heads: { type: "string" } },
      allowPositionals: true,
    });
    const isRight = positionals.length === 1 || positionals.length === 2;
    return isRight ? { paths: positionals, heads: values.heads } : undefined;
  } catch {
    return undefined;
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
