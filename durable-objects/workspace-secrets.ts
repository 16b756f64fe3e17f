import type { DestinationId } from "../src/core/ids.ts";
import type { ConnectionSecrets } from "../src/sync/connection/connection.ts";
import type { ConnectionId } from "../src/sync/sync.ts";
import { nextDestination, type SecretChanges } from "../src/workspace/destination.ts";
import {
  newDataKey,
  openSecret,
  placeOfSecret,
  sealSecret,
  unwrapDataKey,
  wrapDataKey,
  wrappedBy,
} from "../src/workspace/secret-envelope.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** Keeps the secrets of a destination, sealed. Runs inside a turn. */
export function keepSecrets(turn: WorkspaceTurn, id: DestinationId, changes: SecretChanges): void {
  const { destinations, random } = turn;
  for (const [field, text] of changes) {
    if (text === null) {
      destinations.dropSecret(id, field);
      continue;
    }
    const sealed = sealSecret(dataKeyOf(turn), placeOfSecret(id, field), text, random);
    destinations.saveSecret(id, field, sealed);
  }
}

/**
 * Takes over what a destination of that version renewed of its secrets, as a new version, so that
 * its other lanes take them up. Runs inside a transaction.
 */
export function renewSecrets(
  { destinations }: WorkspaceTurn,
  { id, version }: { readonly id: DestinationId; readonly version: number },
  renewed: readonly { readonly field: string; readonly sealed: Uint8Array }[],
): void {
  const held = destinations.find(id);
  if (held === undefined || held.deletedAtMs !== undefined || held.version !== version) return;
  for (const { field, sealed } of renewed) {
    if (held.secretFields.includes(field)) destinations.saveSecret(id, field, sealed);
  }
  // It is no change of anybody's, so its time stays.
  destinations.save(nextDestination(held, held.updatedAtMs));
}

/** Seals a text of the workspace for one place, under its data key. Runs inside a turn. */
export function sealForWorkspace(turn: WorkspaceTurn, place: string, text: string): Uint8Array {
  return sealSecret(dataKeyOf(turn), place, text, turn.random);
}

/** The text again. @throws Error when it was sealed for another place. */
export function openOfWorkspace(turn: WorkspaceTurn, place: string, sealed: Uint8Array): string {
  return openSecret(dataKeyOf(turn), place, sealed);
}

/** Keeps the secrets of a connection, sealed. Runs inside a turn. */
export function keepConnectionSecrets(
  turn: WorkspaceTurn,
  id: ConnectionId,
  changes: ConnectionSecrets,
): void {
  const { connections } = turn;
  for (const [field, text] of changes) {
    if (text === null) {
      connections.dropSecret(id, field);
      continue;
    }
    const sealed = sealSecret(dataKeyOf(turn), placeOfSecret(id, field), text, turn.random);
    connections.saveSecret(id, field, sealed);
  }
}

/** The workspace's data key, made with its first secret, and wrapped anew after a rotation. */
function dataKeyOf({ destinations, config, home, id, random }: WorkspaceTurn): Uint8Array {
  const secrets = config.sealingKeys[home];
  const wrapped = destinations.wrappedKey();
  const dataKey = wrapped === undefined ? newDataKey(random) : unwrapDataKey(wrapped, id, secrets);
  if (wrapped === undefined || wrappedBy(wrapped) !== secrets[0]?.id) {
    destinations.saveWrappedKey(wrapDataKey(dataKey, id, secrets, random));
  }
  return dataKey;
}
