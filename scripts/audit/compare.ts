import { dayOf, type SignedHead } from "../../src/workspace/audit-head.ts";
import { headProblem, isSameChain, parseHead, type AuditExport } from "./read-export.ts";

const DAY_MS = 86_400_000;

/** Why `newer` does not extend `older`; `undefined` when it does. Both have been checked alone. */
export function extensionProblem(older: AuditExport, newer: AuditExport): string | undefined {
  if (older.head.workspaceId !== newer.head.workspaceId) {
    return `the newer export is of ${newer.head.workspaceId}, the older of ${older.head.workspaceId}`;
  }
  if (older.head.publicKey !== newer.head.publicKey) {
    return "the newer export is signed with another key than the older: the chain was made anew";
  }
  if (newer.head.seq < older.head.seq) {
    return `the newer export ends at entry ${newer.head.seq}, the older at entry ${older.head.seq}: the chain was cut, or the files are in the wrong order`;
  }
  const changed = older.entries.findIndex(({ hash }, i) => newer.entries[i]?.hash !== hash);
  if (changed >= 0) {
    return `entry ${changed + 1} is not the one of the older export: the chain was rewritten from there`;
  }
  const lost = older.days.find((day) => !newer.days.some((held) => isSameHead(day, held)));
  return lost === undefined
    ? undefined
    : `the head of ${dayOf(lost.atMs)} is in the older export and not in the newer`;
}

function isSameHead(one: SignedHead, other: SignedHead): boolean {
  return one.signature === other.signature && one.atMs === other.atMs && one.seq === other.seq;
}

export type HeadFile = { readonly name: string; readonly text: string };

/** What head files from a bucket say of an export. */
export type HeadFilesVerdict = {
  readonly problems: readonly string[];
  /** Days between the first and the last file for which there is none. */
  readonly daysMissing: readonly string[];
  readonly count: number;
};

/** Checks that the export's chain goes through the head of every file. */
export async function checkHeadFiles(
  { head, entries }: AuditExport,
  files: readonly HeadFile[],
): Promise<HeadFilesVerdict> {
  const problems: string[] = [];
  const days = new Set<number>();
  for (const { name, text } of files) {
    const day = parseHead(text);
    if (day === undefined) {
      problems.push(`${name} is not a head file as it is written`);
      continue;
    }
    days.add(Math.floor(day.atMs / DAY_MS));
    const problem = isSameChain(day, head)
      ? await headProblem(day, entries, name)
      : `${name} is of another workspace or signed with another key`;
    if (problem !== undefined) problems.push(problem);
  }
  if (files.length === 0) problems.push("there is no head file (*.json) in the folder");
  return { problems, daysMissing: missing(days), count: files.length };
}

function missing(days: ReadonlySet<number>): readonly string[] {
  const sorted = [...days].toSorted((a, b) => a - b);
  const [first = 0] = sorted;
  const last = sorted.at(-1) ?? first;
  return Array.from({ length: last - first }, (_, i) => first + i)
    .filter((day) => days.size > 0 && !days.has(day))
    .map((day) => dayOf(day * DAY_MS));
}
