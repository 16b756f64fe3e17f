import { array, integer, literal, number, parse, pipe, strictObject, string } from "valibot";

import type { WorkspaceId } from "../../src/core/ids.ts";
import { err, ok, type Result } from "../../src/core/result.ts";
import { findBreak, type AuditEntry } from "../../src/workspace/audit.ts";
import { entryLine, headLine } from "../../src/workspace/audit-export.ts";
import { dayOf, isHeadSigned, keyField, type SignedHead } from "../../src/workspace/audit-head.ts";

/** An export that holds by itself. */
export type AuditExport = {
  readonly head: SignedHead;
  readonly entries: readonly AuditEntry[];
  readonly days: readonly SignedHead[];
};

const HEAD = strictObject({
  kind: literal("homeport-audit-head"),
  version: literal(1),
  workspaceId: string(),
  seq: pipe(number(), integer()),
  hash: string(),
  at: string(),
  publicKey: string(),
  signature: string(),
});

const ENTRY = strictObject({
  seq: pipe(number(), integer()),
  at: string(),
  actor: string(),
  action: string(),
  subject: string(),
  fields: array(string()),
  previous: string(),
  hash: string(),
});

/**
 * Reads an export and checks it without anything else: that each line is as an export writes it,
 * that the chain has no break and ends where its head says, and that every head is signed with the
 * key that the chain names. The error says what is wrong, and where.
 */
export async function readExport(bytes: Uint8Array): Promise<Result<AuditExport, string>> {
  const text = decode(bytes);
  if (text === undefined || !text.endsWith("\n")) {
    return err("the file is not text that ends with a newline: it was cut or changed");
  }
  const [first = "", ...lines] = text.slice(0, -1).split("\n");
  const head = parseHead(`${first}\n`);
  if (head === undefined) return err("line 1 is not a head as an export writes it");
  const entries = readEntries(lines.slice(0, head.seq), head.seq);
  if (!entries.ok) return entries;
  const problem =
    chainProblem(entries.value, head) ?? (await headProblem(head, entries.value, "the head"));
  if (problem !== undefined) return err(problem);
  const days = await readDays(lines.slice(head.seq), head, entries.value);
  return days.ok ? ok({ head, entries: entries.value, days: days.value }) : days;
}

/** A head from its line or its file; `undefined` unless every byte is as we write it. */
export function parseHead(text: string): SignedHead | undefined {
  const parsed = readJson(text, (value) => {
    const { workspaceId, at, seq, hash, publicKey, signature } = parse(HEAD, value);
    const atMs = Date.parse(at);
    return {
      workspaceId: workspaceId as WorkspaceId,
      seq,
      hash,
      atMs,
      publicKey,
      signature,
    } satisfies SignedHead;
  });
  return parsed !== undefined && headLine(parsed) === text ? parsed : undefined;
}

/** What is wrong with a head of that chain, if anything. */
export async function headProblem(
  head: SignedHead,
  entries: readonly AuditEntry[],
  name: string,
): Promise<string | undefined> {
  const entry = entries[head.seq - 1];
  if (entry === undefined) {
    return `${name} is of entry ${head.seq}, and the chain ends at entry ${entries.length}`;
  }
  if (entry.hash !== head.hash) return `${name} has another hash than entry ${head.seq}`;
  if (!(await isHeadSigned(head))) return `${name} is not signed with the key that it names`;
  return undefined;
}

function readEntries(lines: readonly string[], wanted: number): Result<AuditEntry[], string> {
  const entries: AuditEntry[] = [];
  for (const line of lines) {
    const number = entries.length + 1;
    const isHead = line.startsWith('{"kind":');
    if (isHead) return err(cut(entries.length, wanted));
    const entry = parseEntry(line);
    if (entry === undefined) {
      return err(`entry ${number} (line ${number + 1}) is not as an export writes it`);
    }
    const before = entries.at(-1);
    if (findBreak([entry], before) !== undefined) {
      return err(
        `entry ${number} (line ${number + 1}) does not follow from the one before it: it was changed, or entries were taken out, put in or moved`,
      );
    }
    entries.push(entry);
  }
  return entries.length < wanted ? err(cut(entries.length, wanted)) : ok(entries);
}

function cut(found: number, wanted: number): string {
  return `the export ends after entry ${found}, and its head says ${wanted}: it was cut`;
}

function parseEntry(line: string): AuditEntry | undefined {
  const entry = readJson(line, (value) => {
    const { at, ...rest } = parse(ENTRY, value);
    return { ...rest, atMs: Date.parse(at) };
  });
  return entry !== undefined && entryLine(entry) === `${line}\n` ? entry : undefined;
}

/** The chain has to say itself whose it is and which key signs its heads. */
function chainProblem(entries: readonly AuditEntry[], head: SignedHead): string | undefined {
  const [first] = entries;
  if (first?.action !== "workspace.create" || first.subject !== head.workspaceId) {
    return "entry 1 does not create the workspace that the head names";
  }
  const keys = entries.filter(({ action }) => action === "audit-key.create");
  const isNamed = keys.length === 1 && keys[0]?.fields[0] === keyField(head.publicKey);
  return isNamed ? undefined : "the head's public key is not the one that the chain names";
}

async function readDays(
  lines: readonly string[],
  head: SignedHead,
  entries: readonly AuditEntry[],
): Promise<Result<SignedHead[], string>> {
  const days: SignedHead[] = [];
  for (const line of lines) {
    const day = parseHead(`${line}\n`);
    const at = `line ${head.seq + days.length + 2}`;
    if (day === undefined) return err(`${at} is not the head of a day as an export writes it`);
    const name = `the head of ${dayOf(day.atMs)} (${at})`;
    if (!isSameChain(day, head)) return err(`${name} is of another chain`);
    const problem = await headProblem(day, entries, name);
    if (problem !== undefined) return err(problem);
    const before = days.at(-1);
    if (before !== undefined && dayOf(before.atMs) >= dayOf(day.atMs)) {
      return err(`${name} is not later than the one before it`);
    }
    days.push(day);
  }
  return ok(days);
}

/** Whether both heads say that they are of one workspace, signed with one key. */
export function isSameChain(one: SignedHead, other: SignedHead): boolean {
  return one.workspaceId === other.workspaceId && one.publicKey === other.publicKey;
}

/** A byte order mark stays in the text, so that it is found to be one byte too many. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What `read` makes of the JSON; `undefined` when it is none or of another shape. */
function readJson<T extends { readonly atMs: number }>(
  text: string,
  read: (value: unknown) => T,
): T | undefined {
  try {
    const made = read(JSON.parse(text));
    return Number.isNaN(made.atMs) ? undefined : made;
  } catch {
    return undefined;
  }
}
