import { describe, expect, it } from "vitest";

import { refusal } from "../../../../src/ingest/queue/admission.ts";
import type { SourceConfig } from "../../../../src/workspace/source-config.ts";
import { appendOf } from "../../../support/appends.ts";
import { routeOf, sourceConfigOf } from "../../../support/source-configs.ts";

const SELF = { ingestRegion: "eu1", shard: 0 } as const;
const ROUTE_2 = routeOf({ n: 2, shards: 2 });

const cases: readonly {
  readonly when: string;
  readonly config?: Partial<SourceConfig>;
  readonly epoch?: number;
  readonly keyVersion?: number;
  readonly fencedBelow?: number;
  readonly answer: object | undefined;
}[] = [
  { when: "all agrees", answer: undefined },
  {
    when: "the source is disabled",
    config: { enabled: false },
    answer: { kind: "refused", code: "source_disabled" },
  },
  {
    when: "the key's version is not live",
    keyVersion: 2,
    answer: { kind: "refused", code: "write_key_revoked" },
  },
  {
    when: "it was routed by an epoch that ended",
    config: { route: ROUTE_2 },
    answer: { kind: "moved", route: ROUTE_2 },
  },
  {
    when: "its epoch was fenced, although the config does not know yet",
    fencedBelow: 2,
    answer: { kind: "moved", route: routeOf() },
  },
  {
    when: "the route went to another ingest region",
    config: { route: routeOf({ ingestRegion: "us1" }) },
    answer: { kind: "moved", route: routeOf({ ingestRegion: "us1" }) },
  },
  {
    when: "earlier epochs are still being fenced",
    config: { route: { ...ROUTE_2, state: "fencing" } },
    epoch: 2,
    answer: { kind: "unavailable", reason: "opening", retryAfterMs: 1_000 },
  },
  {
    when: "it was routed by an epoch this queue has not heard of",
    epoch: 3,
    answer: { kind: "unavailable", reason: "opening", retryAfterMs: 1_000 },
  },
];

describe("refusal()", () => {
  it.each(cases)(
    "answers right when $when",
    ({ config, epoch, keyVersion, fencedBelow, answer }) => {
      const append = appendOf(["a"], { epoch: epoch ?? 1, keyVersion: keyVersion ?? 1 });

      expect(refusal(append, sourceConfigOf(config), SELF, fencedBelow ?? 0)).toEqual(answer);
    },
  );

  it("takes counts of refused items even from a disabled source", () => {
    const append = appendOf([], { refused: { bad_request: 1 } });

    expect(refusal(append, sourceConfigOf({ enabled: false }), SELF, 0)).toBeUndefined();
  });
});
