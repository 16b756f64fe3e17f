import type { HomeRegion } from "../core/ids.ts";

/**
 * The contract between lanes, which decide when what is sent, and destinations, which know how. A
 * destination keeps nothing between two calls: positions, retries and dead letters are the lane's.
 */

/** One event on its way to one destination, after consent, `integrations` and filters. */
export type Delivery = {
  /** The event as the archive has it, with what filters took away gone. */
  readonly event: Readonly<Record<string, unknown>>;
  /** The same on every attempt and after every crash, other for every event and destination. */
  readonly idempotencyKey: string;
  /**
   * The event's own JSON, byte for byte as the archive has it; absent when filters took something
   * away. What copies events keeps to it, because numbers may not survive being parsed.
   */
  readonly line?: string;
};

/** What became of one event. Codes are Segment's where it has one (facts, delivery codes). */
export type DeliveryOutcome =
  | { readonly kind: "delivered"; readonly status: number }
  /** Not meant for the destination: no mapping matched, unsupported type. It is not tried again. */
  | { readonly kind: "filtered"; readonly code: string }
  /** May succeed later: network, 408, 423, 429, 5xx but 501. */
  | { readonly kind: "retry"; readonly code: string; readonly retryAfterMs?: number }
  /** Will never succeed as it is; it becomes a dead letter. */
  | { readonly kind: "rejected"; readonly code: string };

/** Connections that one Durable Object may have open at once. */
export const CONNECTIONS_MAX = 6;

/** A destination made ready for one workspace: settings, secrets and region are inside. */
export interface Deliverer {
  /** What one call takes at most; one event means that order per user matters. */
  readonly batch: { readonly events: number; readonly bytes: number };
  /** How many calls may run at once; {@link CONNECTIONS_MAX} when absent. */
  readonly calls?: number;
  /**
   * Sends the events in order; one outcome for each. It never throws for what the network or the
   * vendor does. Everything it sends passes the egress guard.
   */
  deliver(events: readonly Delivery[], signal: AbortSignal): Promise<readonly DeliveryOutcome[]>;
  /** Asks the destination to forget a user; absent where it has no such call. */
  forget?(
    user: { readonly userId?: string; readonly anonymousId?: string },
    signal: AbortSignal,
  ): Promise<DeliveryOutcome>;
  /** A code of ours for what keeps it from delivering anything, once it found that out. */
  readonly alert?: string | undefined;
  /** In place of `forget` for what keeps files: takes users out of them, as far as a slice goes. */
  erase?(users: ForgottenUsers, slice: EraseSlice): Promise<ErasedFiles>;
  /** Frees connections. */
  close?(): Promise<void>;
}

/** Users whom a destination's files are to be without; `USER_ID` is `userId` and `previousId`. */
export type ForgottenUsers = {
  readonly type: "USER_ID" | "ANONYMOUS_ID";
  readonly ids: ReadonlySet<string>;
};

/** One piece of the work of a deletion. */
export type EraseSlice = {
  /** What the slice before answered; absent for the first. */
  readonly position: string | undefined;
  /** Whether the slice is over; asked between files. */
  isOver(): boolean;
  now(): number;
  /** After this no write that was sent before the deletion began can land any more. */
  readonly lateMs: number;
};

/** How far a deletion is in a destination's files. */
export type ErasedFiles = {
  readonly counts: {
    readonly filesRead: number;
    readonly filesRewritten: number;
    readonly eventsErased: number;
    readonly bytesRead: number;
  };
  /** Where to go on; absent once it is over. */
  readonly position?: string;
} & (
  | { readonly kind: "slice"; readonly isOver: boolean }
  /** A bucket does not answer now. */
  | { readonly kind: "retry"; readonly code: string }
  /** It would answer the same again, unless rights or the file change. */
  | { readonly kind: "refused"; readonly code: string }
);

/** How it is known that a host of a destination is in the region; see docs/residency.md. */
export type EndpointLevel = "vendor_endpoint" | "region_by_account" | "declared" | "none";

/** A destination's standing in one region. */
export type RegionSupport = {
  readonly level: EndpointLevel;
  readonly hosts: readonly {
    readonly host: string;
    readonly use: "delivery" | "credential-test" | "deletion" | "oauth";
    readonly pathPrefix?: string;
  }[];
  /** The setting that holds the host, where it is the account's own and has to be declared. */
  readonly hostSetting?: string;
  /** The vendor's own statement, for `vendor_endpoint`. */
  readonly statement?: { readonly url: string; readonly date: string };
  readonly note?: string;
};

/** One setting that a user gives. */
export type SettingField = {
  readonly key: string;
  readonly label: string;
  readonly type: "string" | "number" | "boolean" | "object" | "list";
  readonly isRequired: boolean;
  /** Write-only in the API and encrypted at rest. */
  readonly isSecret: boolean;
  readonly help?: string;
  /** The only values it may have; of a setting that selects a place, those of both regions. */
  readonly choices?: readonly string[];
};

/** One destination of the catalogue. */
export type DestinationKind = {
  /** Stable, e.g. `amplitude`, `webhook`, `postgres`. */
  readonly slug: string;
  readonly name: string;
  /** `kit`: one of Segment's own; `homeport`: one of ours. */
  readonly origin: "kit" | "homeport";
  readonly regions: Readonly<Record<HomeRegion, RegionSupport>>;
  readonly settings: readonly SettingField[];
  /** Whether `Deliverer.forget` exists. */
  readonly canForget: boolean;
};
