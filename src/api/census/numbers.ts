import type { DestinationId } from "../../core/ids.ts";
import type { ConnectionId, Sync } from "../../sync/sync.ts";
import type { SyncEnd } from "../../workspace/sync-ports.ts";

/** Destinations are numbered from here on, so that they are not taken for connections. */
const DESTINATIONS_FROM = 1_000_000;

/** The number of a connection or destination among all of them. */
export function numberOfEnd({ id, number }: Pick<SyncEnd, "id" | "number">): number {
  return id.startsWith("con_") ? number : DESTINATIONS_FROM + number;
}

/** The connection or destination of a number; a deleted one has none any more. */
export function endOfNumber(ends: readonly SyncEnd[], number: number): SyncEnd | undefined {
  return ends.find((end) => !end.isDeleted && numberOfEnd(end) === number);
}

/** The number of what a sync reads from or writes to; 0 is nobody's. */
export function numberOfId(ends: readonly SyncEnd[], id: ConnectionId | DestinationId): number {
  const end = ends.find((each) => each.id === id);
  return end === undefined ? 0 : numberOfEnd(end);
}

/** What a sync writes to. */
export function destinationIdOf({
  destination,
}: Pick<Sync, "destination">): ConnectionId | DestinationId {
  return "connectionId" in destination ? destination.connectionId : destination.destinationId;
}
