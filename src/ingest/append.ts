import type { Route } from "../workspace/source-config.ts";

/** Bytes of a messageId's fingerprint: 128 bits, keyed per source. */
export const PRINT_BYTES = 16;

/** Bytes of a user id's hash in the filters: 64 bits, keyed per source. Zero means absent. */
export const USER_HASH_BYTES = 8;

/** Hashes kept per event: userId, previousId, anonymousId, in that order. */
export const USER_HASHES_PER_EVENT = 3;

/**
 * What a Worker hands to one queue for one request: the events of that queue's shard, already in
 * the form the archive keeps, and what else the request had to be counted for. Additive from the
 * first day: old Workers and new queues meet for minutes at every deploy.
 */
export type Append = {
  readonly v: 1;
  /** The epoch the events were routed by. */
  readonly epoch: number;
  /** The version of the write key that signed the request. */
  readonly keyVersion: number;
  /** When the request came in, epoch ms; one for all its events. */
  readonly receivedAtMs: number;
  /** The events as NDJSON, each ended by one newline. */
  readonly lines: Uint8Array;
  /** Where each line ends in `lines`, in bytes, newline included. */
  readonly ends: Uint32Array;
  /** {@link PRINT_BYTES} for each event. */
  readonly prints: Uint8Array;
  /** {@link USER_HASHES_PER_EVENT} × {@link USER_HASH_BYTES} for each event. */
  readonly users: Uint8Array;
  /** Items of the request that were not accepted, by Segment's code; counted once per request. */
  readonly refused: Readonly<Record<string, number>>;
  /** What else a request is counted for although it was taken: `repaired_batch`, `other_ingest_host`. */
  readonly noted?: Readonly<Record<string, number>>;
  /** The place the request came in at; counted once per request, and absent where none is checked. */
  readonly edge?: EdgeNote;
};

/** A request that was taken, by the Cloudflare location it came in at. */
export type EdgeNote = { readonly colo: string; readonly outcome: "accepted" | "transit" };

/** What a queue answers. Everything accepted is durable once the answer is out. */
export type AppendAnswer =
  | { readonly kind: "accepted"; readonly accepted: number; readonly duplicates: number }
  /** Routed by an epoch that ended; nothing was stored. */
  | { readonly kind: "moved"; readonly route: Route }
  | {
      readonly kind: "refused";
      readonly code: "source_disabled" | "write_key_revoked" | "unknown_source";
    }
  | { readonly kind: "rate-limited"; readonly retryAfterMs: number }
  | {
      readonly kind: "unavailable";
      readonly reason: UnavailableReason;
      readonly retryAfterMs: number;
    };

/** Why a queue cannot take data now; the client keeps it. */
export type UnavailableReason =
  | "opening" // earlier epochs are still being fenced
  | "config" // the Workspace object could not be reached for 60 s
  | "predecessor" // a queue of an earlier epoch could not be asked for known ids
  | "backlog" // storage is near its cap
  | "memory"; // too much is in flight in this isolate
