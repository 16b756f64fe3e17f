import { describe, expect, it } from "vitest";

import type { ArchiveFile } from "../../../src/archive/archive-file.ts";
import {
  checkSuspects,
  joinSuspects,
  nextCheckAt,
  type Suspect,
} from "../../../src/archive/suspects.ts";
import { err, ok } from "../../../src/core/result.ts";
import type { ArchiveLocation } from "../../../src/region/regions.ts";
import { Breakers } from "../../../src/s3/breaker.ts";
import type { BucketFailure } from "../../../src/s3/failures.ts";

const KEY = "segment-logs/x/0/1-1.gz";
const UNAVAILABLE: BucketFailure = { kind: "unavailable", status: undefined, code: "timeout" };
const DENIED: BucketFailure = { kind: "refused", status: 403, code: "AccessDenied" };

/** One file that the catalogue has in Frankfurt, and a suspect in Dublin. */
class Month {
  keptAt: ArchiveLocation | undefined = "eu-central-1";
  readonly hashes = new Map<ArchiveLocation, string>([
    ["eu-west-1", "aa"],
    ["eu-central-1", "aa"],
  ]);
  readonly failures = new Map<ArchiveLocation, BucketFailure>();
  removeFailure: BucketFailure | undefined;
  /** Where a copy was removed, and versions of it stay. */
  readonly hidden = new Set<ArchiveLocation>();
  suspects: Suspect[] = [this.suspectOf(KEY)];
  readonly asked: string[] = [];
  readonly breakers = new Breakers<ArchiveLocation>(
    { failuresToOpen: 1, waitMsMin: 5_000, waitMsMax: 60_000 },
    () => 0,
    () => 0,
  );

  suspectOf(key: string): Suspect {
    return {
      key,
      location: "eu-west-1",
      ndjsonSha256: "aa",
      notedAtMs: 0,
      checkAtMs: 0,
      error: undefined,
    };
  }

  async check(): Promise<void> {
    await checkSuspects({
      home: "eu",
      breakers: this.breakers,
      due: (location, nowMs) =>
        this.suspects.filter((each) => each.location === location && each.checkAtMs <= nowMs),
      find: (key) =>
        this.keptAt === undefined
          ? undefined
          : ({ key, location: this.keptAt, ndjsonSha256: "aa" } as ArchiveFile),
      bucket: (location) => ({
        head: async () => {
          this.asked.push(location);
          const failure = this.failures.get(location);
          if (failure !== undefined) return err(failure);
          const sha256 = this.hashes.get(location);
          const isHidden = this.hidden.has(location);
          if (isHidden) return err({ kind: "not-found", isMarked: true });
          if (sha256 === undefined) return err({ kind: "not-found" });
          return ok({ size: 1, etag: "", meta: new Map([["ndjson-sha256", sha256]]) });
        },
        remove: async () => {
          if (this.removeFailure !== undefined) return err(this.removeFailure);
          this.hashes.delete(location);
          this.hidden.delete(location);
          return ok(undefined);
        },
      }),
      clear: (suspect) => {
        this.suspects = this.suspects.filter(({ key }) => key !== suspect.key);
      },
      postpone: (suspect, error, checkAtMs) => {
        this.suspects = this.suspects.map((each) =>
          each.key === suspect.key ? { ...each, error, checkAtMs } : each,
        );
      },
      now: () => 0,
      unansweredMs: 60_000,
      isOver: () => false,
    });
  }

  get state() {
    return {
      copies: [...this.hashes.keys()],
      open: this.suspects.map(({ error }) => error),
    };
  }
}

describe("checkSuspects()", () => {
  it("removes a second copy", async () => {
    const month = new Month();
    await month.check();

    expect(month.state).toEqual({ copies: ["eu-central-1"], open: [] });
  });

  it("clears a suspect where nothing landed", async () => {
    const month = new Month();
    month.hashes.delete("eu-west-1");
    await month.check();

    expect(month.state).toEqual({ copies: ["eu-central-1"], open: [] });
  });

  it("removes versions that stay of a copy that was removed before", async () => {
    const month = new Month();
    month.hashes.delete("eu-west-1");
    month.hidden.add("eu-west-1");
    await month.check();

    expect([month.hidden.size, month.state.open]).toEqual([0, []]);
  });

  it("never removes the copy that the catalogue names", async () => {
    const month = new Month();
    month.keptAt = "eu-west-1";
    await month.check();

    expect(month.state).toEqual({ copies: ["eu-west-1", "eu-central-1"], open: [] });
  });

  it.each<[string, (month: Month) => void, string]>([
    ["holds other events", (month) => month.hashes.set("eu-west-1", "bb"), "other-events"],
    ["is the only one", (month) => month.hashes.delete("eu-central-1"), "kept-copy-missing"],
    [
      "is the only one that is whole",
      (month) => month.hashes.set("eu-central-1", "bb"),
      "kept-copy-missing",
    ],
    [
      "may be the only one",
      (month) => month.failures.set("eu-central-1", UNAVAILABLE),
      "kept-copy-unanswered",
    ],
    [
      "is of a file that the catalogue does not know",
      (month) => {
        month.keptAt = undefined;
      },
      "not-in-catalogue",
    ],
    ["may not be read", (month) => month.failures.set("eu-west-1", DENIED), "AccessDenied"],
    [
      "may not be removed",
      (month) => {
        month.removeFailure = DENIED;
      },
      "AccessDenied",
    ],
  ])("leaves a copy alone that %s, and stays open", async (_what, spoil, error) => {
    const month = new Month();
    spoil(month);
    await month.check();

    expect([month.hashes.has("eu-west-1"), month.state.open]).toEqual([true, [error]]);
  });

  it("asks a location that does not answer only once, however many suspects it has", async () => {
    const month = new Month();
    month.suspects = ["1", "2", "3"].map((key) => month.suspectOf(key));
    month.failures.set("eu-west-1", UNAVAILABLE);
    await month.check();

    expect([month.asked, month.suspects.length]).toEqual([["eu-west-1"], 3]);
  });
});

describe("nextCheckAt()", () => {
  it("is when the first suspect is due, and not before its location may be asked", () => {
    const month = new Month();
    month.breakers.failed("eu-west-1", true, "why");
    const due = new Map<ArchiveLocation, number>([
      ["eu-west-1", 1_000],
      ["eu-central-1", 9_000],
    ]);

    expect(nextCheckAt("eu", month.breakers, (location) => due.get(location))).toBe(5_000);
  });

  it("is never when nothing is suspected", () => {
    expect(nextCheckAt("eu", new Month().breakers, () => undefined)).toBeUndefined();
  });
});

describe("joinSuspects()", () => {
  it("counts all and shows the oldest first", () => {
    const shown = (notedAtMs: number) => ({
      ...new Month().suspectOf(KEY),
      notedAtMs,
      keptAt: undefined,
    });
    const joined = joinSuspects([
      { open: 3, shown: [shown(5)] },
      { open: 4, shown: [shown(1)] },
    ]);

    expect([joined.open, joined.shown.map(({ notedAtMs }) => notedAtMs)]).toEqual([7, [1, 5]]);
  });
});
