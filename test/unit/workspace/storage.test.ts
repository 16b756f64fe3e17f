import { describe, expect, it } from "vitest";

import type { OwnBucketDraft } from "../../../src/archive/own-bucket/settings.ts";
import type { Verification } from "../../../src/archive/own-bucket/verification.ts";
import type { OwnBucket } from "../../../src/region/own-bucket.ts";
import {
  afterVerification,
  bucketToVerify,
  externalIdFor,
  keyToVerify,
  placesOf,
  shownStorage,
  storageConfig,
  verifyAgainAtMs,
  withCandidate,
  withPlatform,
  withSweep,
  type SourceStorage,
} from "../../../src/workspace/storage.ts";
import { EU_SOURCE } from "../../support/tracking.ts";

const DRAFT: OwnBucketDraft = {
  bucket: "my-events",
  location: "eu-west-1",
  access: { kind: "segment", role: "arn:aws:iam::111122223333:role/archives" },
};
const OTHER: OwnBucketDraft = { ...DRAFT, bucket: "my-other-events" };
const LOCATIONS = ["eu-west-1", "eu-central-1"] as const;
const DAY_MS = 86_400_000;

function outcome(state: Verification["state"], atMs = 1000): Verification {
  return { state, atMs, steps: [] };
}

/** The storage after its candidate was verified. */
function verified(storage: SourceStorage, state: Verification["state"], atMs?: number) {
  return afterVerification(storage, bucketToVerify(storage) as OwnBucket, outcome(state, atMs));
}

const IN_USE = verified(withCandidate(undefined, DRAFT, "id"), "passed");

describe("placesOf()", () => {
  it("is the platform's locations while a bucket waits for its verification", () => {
    const storage = withCandidate(undefined, DRAFT, "id");

    expect(placesOf({ storage, archiveLocations: LOCATIONS })).toEqual(LOCATIONS);
  });

  it("is the own bucket alone once it is in use", () => {
    expect(placesOf({ storage: IN_USE, archiveLocations: LOCATIONS })).toEqual(["eu-west-1/own-1"]);
  });

  it("is nowhere, never the platform's, when the own bucket is not known", () => {
    const storage = { buckets: [], current: "own-7" } as const;

    expect(placesOf({ storage, archiveLocations: LOCATIONS })).toEqual([]);
  });
});

describe("afterVerification()", () => {
  it("leaves a candidate that failed where it was", () => {
    const storage = verified(withCandidate(undefined, DRAFT, "id"), "failed");

    expect([storage.current, storage.candidate?.name]).toEqual([undefined, "own-1"]);
  });

  it("keeps the present bucket in use while its successor fails", () => {
    const storage = verified(withCandidate(IN_USE, OTHER, "id"), "failed");

    expect([storage.current, storage.failingSinceMs]).toEqual(["own-1", undefined]);
  });

  it("keeps the earlier bucket among those that hold files", () => {
    const storage = verified(withCandidate(IN_USE, OTHER, "id"), "passed");

    expect([storage.current, storage.buckets.map(({ name }) => name)]).toEqual([
      "own-2",
      ["own-1", "own-2"],
    ]);
  });

  it("remembers since when the present bucket fails, until it passes", () => {
    const failing = verified(verified(IN_USE, "failed", 5000), "failed", 6000);

    expect([failing.failingSinceMs, failing.current]).toEqual([5000, "own-1"]);
    expect(verified(failing, "passed", 7000).failingSinceMs).toBeUndefined();
  });

  it("changes nothing when the candidate was replaced meanwhile", () => {
    const first = withCandidate(undefined, DRAFT, "id");
    const second = withCandidate(first, OTHER, "id");

    const after = afterVerification(second, first.candidate as OwnBucket, outcome("passed"));

    expect(after).toBe(second);
  });
});

describe("withCandidate()", () => {
  it("gives a bucket that was in use before its name again", () => {
    const second = verified(withCandidate(IN_USE, OTHER, "id"), "passed");

    expect(withCandidate(second, DRAFT, "id").candidate?.name).toBe("own-1");
  });

  it("never gives a name twice", () => {
    const replaced = withCandidate(withCandidate(undefined, DRAFT, "id"), OTHER, "id");

    expect(replaced.candidate?.name).toBe("own-2");
  });

  it("is another bucket once a data lake may stand in it, so that it is verified again", () => {
    expect(withCandidate(IN_USE, { ...DRAFT, dataLake: true }, "id").candidate).toMatchObject({
      name: "own-2",
      dataLake: true,
    });
  });

  it("asks for nothing when the bucket is in use already", () => {
    expect(withCandidate(IN_USE, DRAFT, "id").candidate).toBeUndefined();
  });
});

describe("a bucket outside AWS", () => {
  const AT_R2: OwnBucketDraft = {
    bucket: "my-events",
    location: "eu-west-1",
    endpoint: "0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com",
    access: { kind: "keys", accessKeyId: "first", secretAccessKey: "never-kept-as-text" },
  };
  const withOtherKeys: OwnBucketDraft = {
    ...AT_R2,
    access: { kind: "keys", accessKeyId: "second", secretAccessKey: "never-kept-as-text" },
  };
  const inUse = verified(withCandidate(undefined, AT_R2, "", "sealed-1"), "passed");

  it("keeps its name with other keys, so that its files stay within reach", () => {
    const after = verified(withCandidate(inUse, withOtherKeys, "", "sealed-2"), "passed");

    expect(after.buckets).toMatchObject([{ name: "own-1", access: { accessKeyId: "second" } }]);
    expect(after.keys).toEqual({ "own-1": "sealed-2" });
  });

  it("keeps its data lake with other keys, so that it is erased there", () => {
    const withLake = withCandidate(undefined, { ...AT_R2, dataLake: true }, "", "sealed-1");
    const before = verified(withLake, "passed");

    const after = verified(withCandidate(before, withOtherKeys, "", "sealed-2"), "passed");

    expect(after.buckets).toMatchObject([{ name: "own-1", dataLake: true }]);
  });

  it("is reached by the earlier keys until others are verified", () => {
    const waiting = verified(withCandidate(inUse, withOtherKeys, "", "sealed-2"), "failed");

    expect([waiting.buckets[0]?.access, waiting.keys?.["own-1"]]).toEqual([
      { kind: "keys", accessKeyId: "first" },
      "sealed-1",
    ]);
    expect(keyToVerify(waiting)).toBe("sealed-2");
  });

  it("forgets keys that were never verified with the candidate they were for", () => {
    const waiting = withCandidate(inUse, withOtherKeys, "", "sealed-2");

    expect(withPlatform(waiting).keys).toEqual({ "own-1": "sealed-1" });
    expect(withCandidate(waiting, DRAFT, "id").keys).toEqual({ "own-1": "sealed-1" });
  });

  it("has its key neither in the source's config nor in what is shown", () => {
    const told = JSON.stringify([storageConfig(inUse), shownStorage(inUse)]);

    expect(told).not.toContain("sealed-1");
  });
});

describe("withPlatform()", () => {
  it("keeps knowing the bucket that holds earlier files", () => {
    const storage = withPlatform(IN_USE);

    expect([storage.current, storage.buckets.length]).toEqual([undefined, 1]);
  });
});

describe("verifyAgainAtMs()", () => {
  it("is a day after one that passed, and an hour after one that failed", () => {
    expect(verifyAgainAtMs(IN_USE)).toBe(1000 + DAY_MS);
    expect(verifyAgainAtMs(verified(IN_USE, "failed", 2000))).toBe(2000 + DAY_MS / 24);
  });
});

describe("externalIdFor()", () => {
  const roles = (bucket: string): OwnBucketDraft => ({
    ...DRAFT,
    bucket,
    access: { kind: "roles", writer: "w", reader: "r", eraser: "e" },
  });
  const source = { id: EU_SOURCE, fingerprintKey: "00".repeat(16) };

  it("is one for each bucket and each source", () => {
    const other = { ...source, fingerprintKey: "11".repeat(16) };

    const ids = [
      externalIdFor(source, roles("a")),
      externalIdFor(source, roles("b")),
      externalIdFor(other, roles("a")),
    ];

    expect(new Set(ids).size).toBe(3);
  });

  it("is the workspace's id in the form that Segment has", () => {
    expect(externalIdFor(source, DRAFT)).toBe("ws_eu_0123456789abcdef");
  });
});

describe("withSweep()", () => {
  it("has no file removed by age before its bucket was named", () => {
    expect(storageConfig(IN_USE)).not.toHaveProperty("swept");
  });

  it("names the bucket to whoever sweeps", () => {
    const swept = withSweep(IN_USE, DRAFT.bucket, true);

    expect(swept && storageConfig(swept).swept).toEqual(["own-1"]);
  });

  it("takes it back", () => {
    const swept = withSweep(IN_USE, DRAFT.bucket, true);

    expect(withSweep(swept, DRAFT.bucket, false)).toMatchObject({ swept: [] });
  });

  it("goes on for the same bucket when other roles lead into it", () => {
    const swept = withSweep(IN_USE, DRAFT.bucket, true);
    const role = "arn:aws:iam::111122223333:role/others";
    const draft = { ...DRAFT, access: { kind: "segment", role } } as const;

    expect(verified(withCandidate(swept, draft, "id"), "passed").swept).toEqual(["own-1", "own-2"]);
  });

  it("does not go over to another bucket", () => {
    const swept = withSweep(IN_USE, DRAFT.bucket, true);

    expect(verified(withCandidate(swept, OTHER, "id"), "passed").swept).toEqual(["own-1"]);
  });

  it("refuses a bucket that is not one of the source's", () => {
    expect(withSweep(IN_USE, OTHER.bucket, true)).toBeUndefined();
  });
});
