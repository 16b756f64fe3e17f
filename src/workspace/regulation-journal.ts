import type { RandomBytes } from "../core/base32.ts";
import { decodeBase64Url, encodeBase64Url } from "../core/base64-url.ts";
import type { RegulationId, WorkspaceId } from "../core/ids.ts";
import { readStored } from "../core/stored-json.ts";
import type { KeySecrets } from "../region/write-key.ts";
import type { RegulationDraft } from "../regulation/regulation.ts";
import {
  newDataKey,
  openSecret,
  sealSecret,
  unwrapDataKey,
  wrapDataKey,
} from "./secret-envelope.ts";

/**
 * The journal of regulations: one object in the buckets of the home for each request, written before
 * the request counts. A workspace whose storage was set back to an earlier time finds there what it
 * has forgotten, so that nobody who was erased since comes back with it.
 */
export type JournalEntry = {
  /** From 1, without gaps; also the request's place in the workspace. */
  readonly number: number;
  readonly id: RegulationId;
  readonly createdAtMs: number;
  readonly commitment: string;
  readonly draft: RegulationDraft;
};

/** An entry's bytes: the key that opens it, wrapped by a secret of the deployment, and the rest. */
type SealedEntry = { readonly version: 1; readonly key: string; readonly entry: string };

/** Digits of a number in a name, so that names are in the order of numbers. */
const NUMBER_DIGITS = 12;

/** What keys of a workspace's journal begin with. */
export function journalPrefix(workspaceId: WorkspaceId): string {
  return `regulations/${workspaceId}/`;
}

export function journalKey(workspaceId: WorkspaceId, number: number): string {
  return `${journalPrefix(workspaceId)}${String(number).padStart(NUMBER_DIGITS, "0")}.sealed`;
}

/** The number in a key of a journal; `undefined` for what we would not write. */
export function numberOfKey(key: string): number | undefined {
  const [, digits] = /\/(\d{12})\.sealed$/.exec(key) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The entry as it is written: whom it names is in it encrypted, and opens in this place only. */
export function sealEntry(
  entry: JournalEntry,
  workspaceId: WorkspaceId,
  keys: KeySecrets,
  random: RandomBytes,
): Uint8Array {
  const place = journalKey(workspaceId, entry.number);
  const dataKey = newDataKey(random);
  const sealed: SealedEntry = {
    version: 1,
    key: encodeBase64Url(wrapDataKey(dataKey, place, keys, random)),
    entry: encodeBase64Url(sealSecret(dataKey, place, JSON.stringify(entry), random)),
  };
  return new TextEncoder().encode(JSON.stringify(sealed));
}

/** @throws Error when it was sealed for another place, or by a secret that is not there any more. */
export function openEntry(
  bytes: Uint8Array,
  workspaceId: WorkspaceId,
  number: number,
  keys: KeySecrets,
): JournalEntry {
  const place = journalKey(workspaceId, number);
  const sealed = readStored<SealedEntry>(new TextDecoder().decode(bytes));
  const [key, body] = [decodeBase64Url(sealed.key), decodeBase64Url(sealed.entry)];
  if (key === undefined || body === undefined) {
    throw new Error("Cannot open an entry of the journal: it is not base64url");
  }
  return readStored<JournalEntry>(openSecret(unwrapDataKey(key, place, keys), place, body));
}
