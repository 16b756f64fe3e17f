import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";

import { ARCHIVE_MONTH_MIGRATIONS } from "../../durable-objects/storage/archive-month.schema.ts";
import { SuspectsTable } from "../../durable-objects/storage/suspects-table.ts";
import type { ArchiveFile } from "../../src/archive/archive-file.ts";
import { checkSuspects, type SuspectDeps } from "../../src/archive/suspects.ts";
import { err, ok } from "../../src/core/result.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { Breakers } from "../../src/s3/breaker.ts";
import { messageIdsIn } from "./appends.ts";
import { NodeStorage } from "./node-storage.ts";

/** What happens to one PUT. `-late`: it lands later, or never, at a moment the test chooses. */
export type PutFault =
  | "none"
  | "refused-before"
  | "lost-after"
  | "lost-late"
  | "crash-before"
  | "crash-after"
  | "crash-late";

export type CheckDeath = "before-removal" | "after-removal";

/** Thrown where a test lets the process die. */
export class Killed extends Error {}

const SLOW_DOWN = { kind: "unavailable", status: 503, code: "SlowDown" } as const;

/** How long S3 takes a signature. */
const SIGNATURE_MS = 900_000;

/** How long the model's catalogue waits before it looks for second copies; a test may shorten it. */
export const SUSPECT_MS = 1_200_000;

type Flying = {
  readonly location: ArchiveLocation;
  readonly key: string;
  readonly lines: Uint8Array;
  readonly signedAtMs: number;
};

/** Two buckets and a catalogue that outlive the queue's process, with faults on demand. */
export class World {
  /** By `location/key`. */
  readonly objects = new Map<string, Uint8Array>();
  readonly catalogue = new Map<string, ArchiveFile>();
  readonly suspects: SuspectsTable;
  readonly clock: { nowMs: number };
  suspectMs = SUSPECT_MS;
  /** Where the source's files may go, in order. */
  locations: readonly ArchiveLocation[] = ["eu-west-1", "eu-central-1"];
  /** Locations that answer nothing at all. */
  readonly dark = new Set<ArchiveLocation>();
  /** How long it takes until that is noticed. */
  darkMs = 0;
  /** Locations that answer every request with 503. */
  readonly refusing = new Set<ArchiveLocation>();
  fault: PutFault = "none";
  crashBeforeRecord = false;
  crashAfterRecord = false;
  #flying: readonly Flying[] = [];

  constructor(clock: { nowMs: number } = { nowMs: 0 }) {
    this.clock = clock;
    const disk = new NodeStorage();
    for (const { sql } of ARCHIVE_MONTH_MIGRATIONS) disk.sql.exec(`${sql}\n`);
    this.suspects = new SuspectsTable(disk.sql);
  }

  /** From now on everything works. */
  heal(): void {
    this.fault = "none";
    this.crashBeforeRecord = false;
    this.crashAfterRecord = false;
    this.dark.clear();
    this.refusing.clear();
  }

  put(location: ArchiveLocation, key: string, gzip: Uint8Array) {
    const fault = this.fault;
    this.fault = "none";
    const flying = { location, key, lines: gunzipSync(gzip), signedAtMs: this.clock.nowMs };
    if (fault === "crash-before") throw new Killed();
    if (fault === "lost-late" || fault === "crash-late") this.#flying = [...this.#flying, flying];
    if (fault === "crash-late") throw new Killed();
    if (this.dark.has(location) || fault === "lost-late") {
      this.clock.nowMs += this.darkMs;
      return err({ kind: "unknown" as const, code: "timeout" });
    }
    if (this.refusing.has(location) || fault === "refused-before") return err(SLOW_DOWN);
    if (!this.#land(flying)) return err({ kind: "already-exists" as const });
    if (fault === "crash-after") throw new Killed();
    if (fault === "lost-after") return err({ kind: "unknown" as const, code: "timeout" });
    return ok({ etag: "" });
  }

  /** Lets the oldest PUT on its way arrive; one whose signature ran out is refused. */
  landOne(): boolean {
    const [first, ...rest] = this.#flying;
    this.#flying = rest;
    if (first !== undefined && this.clock.nowMs - first.signedAtMs < SIGNATURE_MS) {
      this.#land(first);
    }
    return first !== undefined;
  }

  storedSha256(location: ArchiveLocation, key: string) {
    if (this.dark.has(location)) {
      this.clock.nowMs += this.darkMs;
      return err({ kind: "unavailable" as const, status: undefined, code: "timeout" });
    }
    if (this.refusing.has(location)) return err(SLOW_DOWN);
    const lines = this.objects.get(`${location}/${key}`);
    return lines === undefined ? err({ kind: "not-found" as const }) : ok(sha256(lines));
  }

  record(file: ArchiveFile): ArchiveFile {
    if (this.crashBeforeRecord) {
      this.crashBeforeRecord = false;
      throw new Killed();
    }
    const held = this.catalogue.get(file.key) ?? file;
    this.catalogue.set(file.key, held);
    if (this.crashAfterRecord) {
      this.crashAfterRecord = false;
      throw new Killed();
    }
    return held;
  }

  suspect(key: string, locations: readonly ArchiveLocation[]): void {
    const { nowMs } = this.clock;
    const ndjsonSha256 = this.catalogue.get(key)?.ndjsonSha256 ?? "";
    for (const location of locations) {
      const checkAtMs = nowMs + this.suspectMs;
      this.suspects.note({ key, location, ndjsonSha256, notedAtMs: nowMs, checkAtMs });
    }
  }

  /** What the catalogue's alarm does; it may die at a removal. */
  async check(dies?: CheckDeath): Promise<void> {
    const rule = { failuresToOpen: 1, waitMsMin: 1, waitMsMax: 1 };
    const now = () => this.clock.nowMs;
    const deps: SuspectDeps = {
      home: "eu",
      breakers: new Breakers<ArchiveLocation>(rule, now, () => 0),
      due: (location, nowMs, max) => this.suspects.due(location, nowMs, max),
      find: (key) => this.catalogue.get(key),
      bucket: (location) => ({
        head: async (key) => {
          const stored = this.storedSha256(location, key);
          if (!stored.ok) return stored;
          const meta = new Map([["ndjson-sha256", stored.value]]);
          return ok({ size: undefined, etag: "", meta });
        },
        remove: async (key) => {
          if (this.dark.has(location)) return err({ kind: "unknown", code: "timeout" });
          if (dies === "before-removal") throw new Killed();
          this.objects.delete(`${location}/${key}`);
          if (dies === "after-removal") throw new Killed();
          return ok(undefined);
        },
      }),
      clear: (suspect) => this.suspects.clear(suspect),
      postpone: (suspect, error, atMs) => this.suspects.postpone(suspect, error, atMs),
      now,
      unansweredMs: 1,
      isOver: () => false,
    };
    await checkSuspects(deps);
  }

  /** Every messageId in every object of both buckets, in the order of the log. */
  archived(): string[] {
    const names = [...this.objects.keys()].toSorted((a, b) => firstSeqOf(a) - firstSeqOf(b));
    return names.flatMap((name) => messageIdsIn(this.objects.get(name) ?? new Uint8Array()));
  }

  #land({ location, key, lines }: Flying): boolean {
    const name = `${location}/${key}`;
    if (this.objects.has(name)) return false;
    this.objects.set(name, lines);
    return true;
  }
}

function firstSeqOf(key: string): number {
  return Number(/(\d+)-\d+\.gz$/.exec(key)?.[1]);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
