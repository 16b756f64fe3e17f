import { describe, expect, it } from "vitest";

import { EU_SOURCE, TestTracking, track, writeKeyOf } from "../../support/tracking.ts";

const KEY = writeKeyOf(EU_SOURCE);

describe("what a source's own settings refuse", () => {
  it.each([
    ["write_key_revoked", { keyVersions: [2] }],
    ["source_disabled", { enabled: false }],
  ])(
    "is counted as %s at the source, by request when the key is in the header",
    async (code, source) => {
      const tracking = new TestTracking({ source });

      await tracking.post("/v1/batch", { batch: [track(), track()] });

      expect(tracking.refused).toEqual({ [code]: 1 });
    },
  );

  it.each([
    ["write_key_revoked", { keyVersions: [2] }],
    ["source_disabled", { enabled: false }],
  ])(
    "is counted as %s at the source, by event when the key is in the body",
    async (code, source) => {
      const tracking = new TestTracking({ source });

      await tracking.fetch("/v1/batch", {
        method: "POST",
        body: JSON.stringify({ writeKey: KEY, batch: [track(), track()] }),
      });

      expect(tracking.refused).toEqual({ [code]: 2 });
    },
  );
});
