import { describe, expect, it } from "vitest";

import { parquetDestination } from "../../../../src/deliver/lake/destination.ts";
import { parquetPlace, parquetPlaces } from "../../../../src/deliver/lake/places.ts";
import type { OwnBucket, OwnBucketName } from "../../../../src/region/own-bucket.ts";
import { groundOf } from "../../../support/deliver/ground.ts";
import { deliveryOf } from "../../../support/deliver/mixed-events.ts";

const HOME = ["eu-west-1", "eu-central-1"];

function own(name: OwnBucketName, bucket: string, dataLake = true): OwnBucket {
  return {
    name,
    location: "eu-central-1",
    bucket,
    label: "label",
    access: { kind: "segment", role: "arn:aws:iam::111122223333:role/all" },
    externalId: "id",
    ...(dataLake ? { dataLake } : {}),
  };
}

describe("parquetPlace()", () => {
  it("is the platform's bucket for a source that has no other in use", () => {
    const buckets = [own("own-1", "a")];

    expect([parquetPlace("eu-west-1", undefined), parquetPlace("eu-west-1", { buckets })]).toEqual([
      "eu-west-1",
      "eu-west-1",
    ]);
  });

  it("is the source's own bucket once that is in use", () => {
    const storage = { buckets: [own("own-1", "a"), own("own-2", "b")], current: "own-2" } as const;

    expect(parquetPlace("eu-west-1", storage)).toBe("eu-central-1/own-2");
  });

  it.each([
    ["was not set up for a lake", [own("own-1", "a", false)]],
    ["is not known", []],
  ])("is nowhere when the bucket in use %s", (_why, buckets) => {
    expect(parquetPlace("eu-west-1", { buckets, current: "own-1" })).toBeUndefined();
  });
});

describe("parquetPlaces()", () => {
  it("are the home's locations and every own bucket in which a lake may stand", () => {
    const storage = { buckets: [own("own-1", "a"), own("own-2", "b", false), own("own-3", "c")] };

    expect(parquetPlaces("eu", storage)).toEqual([
      ...HOME,
      "eu-central-1/own-1",
      "eu-central-1/own-3",
    ]);
  });

  it("go through a bucket once, as it was named last, and in the place that it had", () => {
    const storage = { buckets: [own("own-10", "a"), own("own-2", "b"), own("own-1", "a")] };

    expect(parquetPlaces("eu", storage)).toEqual([
      ...HOME,
      "eu-central-1/own-10",
      "eu-central-1/own-2",
    ]);
  });
});

describe("a data lake that has no bucket to be written to", () => {
  it("lets every event wait and says why", async () => {
    const bucket = { location: "eu-west-1", open: () => undefined } as const;
    const lake = await parquetDestination.make(groundOf({}, { bucket }));
    const event = { type: "page", messageId: "m", receivedAt: "2026-03-01T10:00:00Z" };

    const outcomes = await lake.deliver([deliveryOf(event)], new AbortController().signal);

    expect(outcomes).toEqual([{ kind: "retry", code: "INVALID_SETTINGS" }]);
    expect(lake.alert).toBe("bucket_without_data_lake");
  });
});
