import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { HomeRegion } from "../../../src/core/ids.ts";
import { EDGE_DEFAULTS } from "../../../src/region/edge.ts";
import { HOME_REGIONS, mayIngestAt } from "../../../src/region/regions.ts";
import {
  exportConfig,
  planConfig,
  type ConfigSource,
  type Held,
  type PlanStep,
} from "../../../src/workspace/config-document.ts";
import {
  createSource,
  patchSource,
  type Source,
  type SourceDraft,
  type SourcePatch,
} from "../../../src/workspace/source.ts";
import { SOURCE_TYPES } from "../../../src/workspace/source-types.ts";

function source(home: HomeRegion, number: number, draft: Partial<SourceDraft> = {}): Source {
  const id = `src_${home}_${"0".repeat(24)}${String(number).padStart(2, "0")}` as const;
  const origin = { id, home, fingerprintKey: "00", nowMs: 0 };
  const made = createSource({ name: `Source ${number}`, ...draft }, origin);
  if (!made.ok) throw new Error("Cannot test: the source was refused");
  return made.value;
}

function held(home: HomeRegion, sources: readonly Source[]): Held {
  return { home, name: "Acme", edge: EDGE_DEFAULTS[home], sources };
}

const actions = (steps: readonly PlanStep[]) => steps.map((step) => step.entry.action);

/** What the steps leave behind; new sources come last, as they do in the workspace. */
function apply(sources: readonly Source[], steps: readonly PlanStep[]): Source[] {
  let after = [...sources];
  for (const { act } of steps) {
    if (act?.kind === "create") after.push(source("eu", after.length + 40, act.draft));
    if (act?.kind === "delete") after = after.filter((held) => held.id !== act.id);
    if (act?.kind === "update") {
      after = after.map((held) => (held.id === act.id ? patched(held, act.patch) : held));
    }
  }
  return after;
}

function patched(held: Source, patch: SourcePatch): Source {
  const changed = patchSource(held, patch, { home: "eu", nowMs: 1, windowMs: 1000 });
  if (!changed.ok) throw new Error("Cannot test: the change was refused");
  return changed.value;
}

const homes = fc.constantFrom("eu" as const, "us" as const);
const settings = (home: HomeRegion): fc.Arbitrary<ConfigSource> =>
  fc.record({
    name: fc.string({ minLength: 1 }),
    type: fc.constantFrom(...SOURCE_TYPES),
    enabled: fc.boolean(),
    rate: fc.integer({ min: 1, max: 5000 }),
    ip: fc.constantFrom("full" as const, "truncated" as const, "none" as const),
    pixel: fc.boolean(),
    archiveLocations: fc.constantFrom(
      HOME_REGIONS[home].locations,
      HOME_REGIONS[home].locations.slice(1),
    ),
    retentionDays: fc.constantFrom(1 as const, 365 as const, "unlimited" as const),
    ingestRegion: fc.constantFrom(...HOME_REGIONS[home].ingestRegions),
    shards: fc.constantFrom(1, 2, 64),
  });

describe("planConfig()", () => {
  it("changes nothing when a document is applied where it was exported", () => {
    const here = held("us", [source("us", 1), source("us", 2, { shards: 4 })]);

    expect(new Set(actions(planConfig(here, exportConfig(here), true)))).toEqual(
      new Set(["unchanged"]),
    );
  });

  it("never asks for what the region cannot have, wherever the document comes from", () => {
    const documents = homes.chain((from) =>
      fc.record({
        version: fc.constant(1 as const),
        region: fc.constant(from),
        workspace: fc.constant({ name: "Acme" }),
        sources: fc.array(settings(from), { maxLength: 5 }),
      }),
    );

    fc.assert(
      fc.property(homes, documents, (home, document) => {
        for (const { act } of planConfig(held(home, []), document, false)) {
          if (act?.kind !== "create") continue;
          const { ingestRegion, archiveLocations } = act.draft;
          expect(ingestRegion !== undefined && mayIngestAt(home, ingestRegion)).toBe(true);
          expect(HOME_REGIONS[home].locations).toEqual(
            expect.arrayContaining([...(archiveLocations ?? [])]),
          );
        }
      }),
    );
  });

  it("has nothing left to do once it was done", () => {
    fc.assert(
      fc.property(
        fc.array(settings("us"), { maxLength: 4 }),
        fc.array(settings("us"), { maxLength: 4 }),
        (before, wanted) => {
          const document = { ...exportConfig(held("eu", [])), sources: wanted };
          const first = before
            .filter((entry) => entry.type !== "cloud-object" && entry.type !== "cloud-event")
            .map((entry, i) => source("eu", i, { name: entry.name, type: entry.type }));
          const after = apply(first, planConfig(held("eu", first), document, true));

          const again = planConfig(held("eu", after), document, true);

          expect(again.filter((step) => step.act !== undefined)).toEqual([]);
        },
      ),
    );
  });

  it("says that no data moves when the document comes from another region", () => {
    const document = exportConfig(held("us", []));

    const [first] = planConfig(held("eu", []), document, false);

    expect(first?.entry).toMatchObject({ action: "not-applicable", kind: "region" });
    expect(first?.act).toBeUndefined();
  });

  it("lists a replaced ingest region in the plan", () => {
    const document = exportConfig(held("us", [source("us", 1, { ingestRegion: "ap1" })]));

    const step = planConfig(held("eu", []), document, false).at(-1);

    expect(step?.entry.notes).toContain("Ingest region ap1 is not allowed in eu: eu1 is taken.");
  });

  it("lists a source whose type is not offered here and does nothing about it", () => {
    const document = exportConfig(held("us", [source("us", 1, { type: "cloud-object" })]));

    const step = planConfig(held("eu", []), document, false).at(-1);

    expect([step?.entry.action, step?.act]).toEqual(["not-applicable", undefined]);
  });

  it("matches by id before it matches by name", () => {
    const here = held("us", [source("us", 1, { name: "A" }), source("us", 2, { name: "B" })]);
    const document = exportConfig(here);
    const renamed = document.sources.map((entry) => ({ ...entry, name: "A" }));

    const steps = planConfig(here, { ...document, sources: renamed }, false);

    expect(steps.slice(1).map(({ entry }) => [entry.action, entry.id, entry.fields])).toEqual([
      ["unchanged", here.sources[0]?.id, []],
      ["update", here.sources[1]?.id, ["name"]],
    ]);
  });

  it("does not give a source named by its id to an entry without one", () => {
    const here = held("us", [source("us", 1, { name: "A" })]);
    const [entry] = exportConfig(here).sources;
    if (entry === undefined) throw new Error("Cannot test: nothing was exported");
    const { id: _id, ...byName } = entry;

    const steps = planConfig(here, { ...exportConfig(here), sources: [byName, entry] }, false);

    expect(actions(steps).slice(1)).toEqual(["create", "unchanged"]);
  });

  it.each([
    [false, ["unchanged"]],
    [true, ["unchanged", "delete"]],
  ])("with prune %j answers %j to a document without the source", (prune, wanted) => {
    const document = { ...exportConfig(held("eu", [])), sources: [] };

    expect(actions(planConfig(held("eu", [source("eu", 1)]), document, prune))).toEqual(wanted);
  });
});
