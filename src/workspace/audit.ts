import { parseId } from "../core/ids.ts";
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

/** Every act that is recorded. What reads event bodies has its place before any call does. */
export type AuditAction =
  | "alert-webhook.test"
  | "alert-webhook.update"
  | "workspace.create"
  | "workspace.delete"
  | "workspace.restore"
  | "workspace.update"
  | "regulation.create"
  | "subject-access.create"
  | "subject-access.read"
  | "regulation.repeat"
  | "region.refused"
  | "placement.refused"
  | "audit-key.create"
  | "audit.export"
  | "config.apply"
  | "config.export"
  | "connection.create"
  | "connection.delete"
  | "connection.test"
  | "connection.update"
  | "deletion.certify"
  | "destination.create"
  | "destination.delete"
  | "destination.redrive"
  | "destination.test"
  | "destination.update"
  | "events.read"
  | "replay.cancel"
  | "replay.create"
  | "replay.pause"
  | "replay.resume"
  | "replay.start"
  | "retention.sweep"
  | "source.create"
  | "source.delete"
  | "source.erase"
  | "source.restore"
  | "source.update"
  | "storage.update"
  | "sync.cancel"
  | "sync.create"
  | "sync.delete"
  | "sync.read"
  | "sync.trigger"
  | "sync-webhook.test"
  | "sync-webhook.update"
  | "sync.update"
  | "token.create"
  | "token.revoke"
  | "write-key.create"
  | "write-key.retire";

export type AuditFact = Pick<AuditEntry, "atMs" | "actor" | "action" | "subject" | "fields">;

/** What the first entry names as its previous hash. */
export const AUDIT_START = "0".repeat(64);

/** Who acts without a token of the workspace. */
const ACTORS: ReadonlySet<string> = new Set(["operator", "invite", "queue", "archive", "journal"]);

/** A field's name, a right, a number, a key: nothing that a person typed has this shape alone. */
const FIELD = /^[\w:.-]{1,80}$/;

/**
 * Whether a fact may stand in a chain for good: ids of ours and names of fields. The id of an end
 * user could never be erased from it again.
 */
export function isAuditable({ actor, subject, fields }: AuditFact): boolean {
  const isActor = ACTORS.has(actor) || parseId(actor)?.kind === "tok";
  return isActor && parseId(subject) !== undefined && fields.every((field) => FIELD.test(field));
}

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
