import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { HomeRegion } from "../../../../src/core/ids.ts";
import { hostsFor, type CatalogueEntry } from "../../../../src/deliver/catalogue/catalogue.ts";
import { testKitCredentials } from "../../../../src/deliver/kit/kit-credentials.ts";
import { kitDeliverer } from "../../../../src/deliver/kit/kit-deliverer.ts";
import { loadDestination } from "../../../../src/deliver/kit/load-kit.ts";
import { deliveryOf } from "../../../support/kit/deliveries.ts";
import { ENABLED, sampleSettings } from "../../../support/kit/sample-settings.ts";
import { Vendor } from "../../../support/kit/vendor.ts";

const NOW_MS = Date.parse("2026-11-22T10:00:00Z");

let vendor: Vendor;

beforeEach(() => {
  vendor = new Vendor();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** The ground of one destination, and whether its vendor may be asked for the credentials there. */
async function groundOf(entry: CatalogueEntry, region: HomeRegion) {
  const { destination } = await loadDestination(entry.slug);
  const [given] = sampleSettings(entry, destination.definition, region);
  if (given === undefined) throw new Error("Cannot test: the region has no place");
  const support = entry[region];
  const hasTest = destination.definition.authentication?.testAuthentication !== undefined;
  const hasHost = hostsFor(support, ["credential-test"]).length > 0;
  const ground = { ...given, slug: entry.slug, region, development: false };
  return { ground, mayAsk: hasTest && (hasHost || support.hostSetting !== undefined) };
}

const CASES = ENABLED.map(([entry, region]) => [entry.slug, region, entry] as const);

describe("the test of", () => {
  it.each(CASES)(
    "%s in %s has its credentials judged, or says why not",
    async (_, region, entry) => {
      const { ground, mayAsk } = await groundOf(entry, region);

      const tested = await testKitCredentials(ground, () => NOW_MS);

      expect(tested.kind === "skipped").toBe(!mayAsk);
      if (tested.kind === "skipped")
        expect([tested.reason.length > 0, vendor.asked]).toEqual([true, []]);
      // The guard's own refusal would mean that a test which leaves the region was begun.
      if (tested.kind === "failed") expect(tested.code).not.toBe("INVALID_SETTINGS");
    },
  );

  it.each(CASES)("%s in %s answers what became of the event", async (_, region, entry) => {
    const { ground } = await groundOf(entry, region);
    const deliverer = await kitDeliverer({ ...ground, mappings: [], now: () => NOW_MS });

    const outcomes = await deliverer.deliver([deliveryOf()], AbortSignal.timeout(5_000));

    expect(outcomes.map(({ kind }) => kind)).toEqual([
      expect.stringMatching(/^(?:delivered|filtered|rejected|retry)$/),
    ]);
  });
});
