import { sha256Hex } from "./secrets.ts";

/**
 * The audit chain: every entry carries the hash of the one before it, so that none can be changed,
 * dropped or put between without breaking all that follow. Entries name ids and actions only: no
 * secret, no value and nothing a person wrote.
 */
export type AuditEntry = {
  readonly seq: number;
  readonly atMs: number;
  /** A token's id, or who acts without one. */
  readonly actor: string;
  /** For example `source.update`. */
  readonly action: string;
  /** The id of what was acted on. */
  readonly subject: string;
  /** Names of the fields that changed. */
  readonly fields: readonly string[];
  readonly previous: string;
  readonly hash: string;
};

export type AuditFact = Pick<AuditEntry, "atMs" | "actor" | "action" | "subject" | "fields">;

/** What the first entry names as its previous hash. */
export const AUDIT_START = "0".repeat(64);

/** The entry that follows `last`. */
export function nextEntry(last: AuditEntry | undefined, fact: AuditFact): AuditEntry {
  const { atMs, actor, action, subject, fields } = fact;
  const linked = {
    seq: (last?.seq ?? 0) + 1,
    atMs,
    actor,
    action,
    subject,
    fields: [...fields],
    previous: last?.hash ?? AUDIT_START,
  };
  return { ...linked, hash: hashOf(linked) };
}

/** The first entry that does not follow from the one before it, or `undefined` when all do. */
export function findBreak(
  entries: readonly AuditEntry[],
  before: { readonly seq: number; readonly hash: string } = { seq: 0, hash: AUDIT_START },
): number | undefined {
  let last = before;
  for (const entry of entries) {
    const isNext = entry.seq === last.seq + 1 && entry.previous === last.hash;
    if (!isNext || entry.hash !== hashOf(entry)) return entry.seq;
    last = entry;
  }
  return undefined;
}

/** An array and not an object is hashed, because the order of an object's keys is no promise. */
function hashOf(entry: Omit<AuditEntry, "hash">): string {
  const { previous, seq, atMs, actor, action, subject, fields } = entry;
  return sha256Hex(JSON.stringify([previous, seq, atMs, actor, action, subject, fields]));
}
