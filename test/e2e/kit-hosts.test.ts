import { beforeAll, describe, expect, it, vi } from "vitest";

import {
  CATALOGUE,
  hostsFor,
  splitHost,
  type CatalogueEntry,
} from "../../src/deliver/catalogue/catalogue.ts";
import { kitDeliverer } from "../../src/deliver/kit/kit-deliverer.ts";
import { matchesHost } from "../../src/egress/host-rules.ts";
import { Recorder } from "../support/kit/recorder.ts";
import { runEverything, type Run } from "../support/kit/run-everything.ts";
import { ENABLED } from "../support/kit/sample-settings.ts";

const ALL_USES = ["delivery", "credential-test", "deletion", "oauth"] as const;

const recorder = new Recorder();

/** Running a destination with many places and actions takes seconds. */
const RUN_MS_MAX = 60_000;

beforeAll(async () => {
  vi.stubGlobal("fetch", recorder.fetch);
  await import("../../src/egress/install.ts");
});

describe.each(ENABLED.map(([entry, region]) => ({ slug: entry.slug, entry, region })))(
  "$slug in $region",
  ({ entry, region }) => {
    let runs: readonly Run[] = [];

    beforeAll(async () => {
      runs = await runEverything(entry, region, recorder);
    }, RUN_MS_MAX);

    it("asks for no host that the catalogue does not list there", () => {
      expect(runs.flatMap(({ what, refused }) => refused.map((host) => [what, host]))).toEqual([]);
    });

    it("sends by every action", () => {
      expect(silent(runs, entry)).toEqual([]);
    });

    it("asks for every host that the catalogue lists there", () => {
      const sent = new Set(runs.flatMap((run) => run.sent));

      expect(unasked(entry, region, sent)).toEqual([]);
    });
  },
);

describe("a region without an endpoint", () => {
  const none = CATALOGUE.flatMap((entry) =>
    (["eu", "us"] as const)
      .filter((region) => entry[region].level === "none")
      .map((region) => [entry.slug, region] as const),
  );

  it.each(none)("refuses %s in %s before anything is sent", async (slug, region) => {
    recorder.forget();

    const made = kitDeliverer({
      slug,
      region,
      settings: {},
      mappings: [],
      declaredHosts: [],
      development: false,
      observe: recorder.observe,
      now: () => 0,
    });

    await expect(made).rejects.toThrow("no_endpoint_in_region");
    expect(recorder.sent).toEqual([]);
  });
});

function silent(runs: readonly Run[], { slug }: CatalogueEntry): readonly string[] {
  const actions = new Set(runs.map(({ what }) => what).filter((what) => /^[a-z]\w*$/i.test(what)));
  actions.delete("presets");
  const sending = new Set(runs.filter(({ sent }) => sent.length > 0).map(({ what }) => what));
  return [...actions].filter((action) => !sending.has(action)).map((action) => `${slug} ${action}`);
}

function unasked(
  entry: CatalogueEntry,
  region: "eu" | "us",
  sent: ReadonlySet<string>,
): readonly string[] {
  return hostsFor(entry[region], ALL_USES)
    .map((written) => splitHost(written).host)
    .filter((host) => ![...sent].some((asked) => matchesHost({ host, level: "declared" }, asked)));
}
