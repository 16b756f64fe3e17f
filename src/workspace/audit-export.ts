import type { AuditEntry } from "./audit.ts";
import { formatHead, type SignedHead } from "./audit-head.ts";
import { isoTime } from "./source-view.ts";

/** An entry as the management API shows it: the instant as ISO 8601. */
export type AuditEntryView = Omit<AuditEntry, "atMs"> & { readonly at: string };

/** Shows an entry, its members in one order, so that an export has one form only. */
export function viewEntry(entry: AuditEntry): AuditEntryView {
  const { seq, atMs, actor, action, subject, fields, previous, hash } = entry;
  return { seq, at: isoTime(atMs), actor, action, subject, fields, previous, hash };
}

/**
 * The lines of an export: first the head of the chain, then its entries, oldest first, then the
 * heads of the days. Each is JSON and ends with a newline. The head stands first, so that an export
 * that broke off says by itself that entries are missing.
 */
export function entryLine(entry: AuditEntry): string {
  return `${JSON.stringify(viewEntry(entry))}\n`;
}

/** The line of a head. */
export function headLine(head: SignedHead): string {
  return `${formatHead(head)}\n`;
}
