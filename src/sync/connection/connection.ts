import type { HomeRegion } from "../../core/ids.ts";
import type { LaneConfig } from "../../deliver/lane/ports.ts";
import type { ConnectionId } from "../sync.ts";

/** A connection as objects that read or write through it get it; its secrets travel sealed. */
export type ConnectionConfig = {
  readonly id: ConnectionId;
  /** The slug of its kind, e.g. `postgres`, `files`, `webhook`, `custom`. */
  readonly kind: string;
  readonly name: string;
  /** Rises with every change. */
  readonly version: number;
  readonly region: HomeRegion;
  /** What the user gave that is no secret. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sealed: LaneConfig["sealed"];
  /** Hosts that the workspace says are in its region. */
  readonly declaredHosts: readonly string[];
};
