import type { OpenedConnection } from "../../../src/sync/connection/open.ts";
import type { Model } from "../../../src/sync/model.ts";

/** What a test asks of a source. */
export type Reading = {
  readonly connection: OpenedConnection;
  readonly model: Model;
  readonly key: readonly string[];
  readonly development: boolean;
  /** Where hosts stand, by name: none can be made for the loopback address. */
  readonly standIns?: Readonly<
    Record<string, { readonly hostname: string; readonly port: number }>
  >;
  readonly relay?: { readonly host: string; readonly port: number };
  /** Pieces after which the reader goes away. */
  readonly leaveAfter?: number;
};

/** What it is told. */
export type Read = {
  readonly code?: string;
  readonly columns: readonly string[];
  readonly sums: { readonly rows: number; readonly buckets: number; readonly xor: string };
  readonly ordered: { readonly rows: number; readonly bytes: number; readonly xor: string };
  readonly told: readonly string[];
};
