import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { HomeRegion, SourceId } from "../../../src/core/ids.ts";
import {
  claimedRegion,
  formatWriteKey,
  KEY_VERSION_MAX,
  parseWriteKey,
} from "../../../src/region/write-key.ts";
import { KEY_SECRETS, keySecret, mutated, sourceIds } from "../../support/region-samples.ts";

const SOURCE: SourceId = "src_eu_0123456789abcdef0123456789";
const KEY = formatWriteKey(SOURCE, 1, KEY_SECRETS.eu);
/** The whole alphabet of keys, and what typing, copying and attacking adds. */
const CHARS = Array.from("0123456789abcdefghjkmnpqrstvwxyziloAZ_- \n.é");

const secretsOf = (region: HomeRegion) => KEY_SECRETS[region];

describe("parseWriteKey()", () => {
  it("reads what formatWriteKey() wrote", () => {
    const versions = fc.integer({ min: 1, max: KEY_VERSION_MAX });
    fc.assert(
      fc.property(sourceIds, versions, (sourceId, version) => {
        const region = sourceId.startsWith("src_eu_") ? "eu" : "us";
        const key = formatWriteKey(sourceId, version, KEY_SECRETS[region]);

        expect(parseWriteKey(key, secretsOf)).toEqual({
          ok: true,
          value: { region, sourceId, version },
        });
      }),
    );
  });

  it("refuses a key with any one character changed", () => {
    const taken = Array.from(KEY).flatMap((own, position) =>
      CHARS.filter((char) => char !== own)
        .map((char) => mutated(KEY, position, char))
        .filter((text) => parseWriteKey(text, secretsOf).ok),
    );

    expect(taken).toEqual([]);
  });

  it("refuses a key with any one character left out", () => {
    const taken = Array.from(KEY, (_, position) => mutated(KEY, position, "")).filter(
      (text) => parseWriteKey(text, secretsOf).ok,
    );

    expect(taken).toEqual([]);
  });

  it("refuses a key of one region whose region was rewritten", () => {
    const key = KEY.replace("wk_eu_", "wk_us_");

    expect(parseWriteKey(key, secretsOf)).toEqual({ ok: false, error: { kind: "forged" } });
  });

  it("refuses a key that the other region's secret signed", () => {
    const key = formatWriteKey(SOURCE, 1, KEY_SECRETS.us);

    expect(parseWriteKey(key, secretsOf)).toEqual({ ok: false, error: { kind: "forged" } });
  });

  it("takes keys of every live secret, not only of the first", () => {
    const old = formatWriteKey(SOURCE, 1, [keySecret(1, 0xe1)]);

    expect(parseWriteKey(old, secretsOf).ok).toBe(true);
  });

  it("refuses a key whose secret was withdrawn", () => {
    const key = formatWriteKey(SOURCE, 1, [keySecret(3, 0xe3)]);

    expect(parseWriteKey(key, secretsOf)).toEqual({ ok: false, error: { kind: "unknown-secret" } });
  });

  it("refuses a key signed by another secret under a live number", () => {
    const key = formatWriteKey(SOURCE, 1, [keySecret(2, 0x00)]);

    expect(parseWriteKey(key, secretsOf)).toEqual({ ok: false, error: { kind: "forged" } });
  });
});

describe("formatWriteKey()", () => {
  it("signs with the first secret", () => {
    const onlyFirst = KEY_SECRETS.eu.slice(0, 1);

    expect(parseWriteKey(KEY, () => onlyFirst).ok).toBe(true);
  });

  it("makes another key of every version", () => {
    expect(formatWriteKey(SOURCE, 2, KEY_SECRETS.eu)).not.toBe(KEY);
  });

  it("makes no key without a secret", () => {
    expect(() => formatWriteKey(SOURCE, 1, [])).toThrow(TypeError);
  });

  it("makes no key past the last version", () => {
    expect(() => formatWriteKey(SOURCE, KEY_VERSION_MAX + 1, KEY_SECRETS.eu)).toThrow(RangeError);
  });
});

describe("claimedRegion()", () => {
  it("says the region of a key before it is verified", () => {
    expect(claimedRegion(mutated(KEY, KEY.length - 1, "0"))).toBe("eu");
  });

  it("says nothing of what is no key", () => {
    expect(claimedRegion("a-segment-write-key")).toBeUndefined();
  });
});
