import { describe, expect, it } from "vitest";

import type { HomeRegion } from "../../../src/core/ids.ts";
import { EDGE_DEFAULTS } from "../../../src/region/edge.ts";
import type { IngestRegion } from "../../../src/region/regions.ts";
import {
  planConfig,
  type ConfigDocument,
  type ConfigSource,
} from "../../../src/workspace/config-document.ts";
import { fitToHome } from "../../../src/workspace/move-source.ts";

const EU_SOURCE: ConfigSource = {
  id: "src_eu_00000000000000000000000001",
  name: "Site",
  type: "javascript",
  enabled: true,
  rate: 1000,
  ip: "truncated",
  pixel: false,
  archiveLocations: ["eu-west-1", "eu-central-1"],
  retentionDays: 365,
  ingestRegion: "eu1",
  shards: 1,
};
const US_SOURCE: ConfigSource = {
  ...EU_SOURCE,
  id: "src_us_00000000000000000000000001",
  ip: "full",
  pixel: true,
  archiveLocations: ["us-west-2", "us-east-1"],
  ingestRegion: "us1",
};
const HOSTS = new Map<string, IngestRegion>([
  ["events.us1.example.com", "us1"],
  ["events.eu1.example.com", "eu1"],
  ["events.ap1.example.com", "ap1"],
]);

function documentOf(region: HomeRegion, ...sources: readonly ConfigSource[]): ConfigDocument {
  return { version: 1, region, workspace: { name: "Acme" }, sources };
}

function planFor(home: HomeRegion, document: ConfigDocument) {
  const held = { home, name: "Acme", edge: EDGE_DEFAULTS[home], sources: [], hosts: HOSTS };
  return planConfig(held, document, false);
}

describe("a source that moves from eu to us", () => {
  const { settings, notes } = fitToHome("us", "eu", EU_SOURCE);

  it("takes its events in at us1, although us may also use eu1", () => {
    expect([settings.ingestRegion, notes[0]]).toEqual([
      "us1",
      "Ingest region eu1 becomes us1: each is its region's own.",
    ]);
  });

  it("archives at us's locations, in the same order", () => {
    expect([settings.archiveLocations, notes[1]]).toEqual([
      ["us-west-2", "us-east-1"],
      "Archive locations eu-west-1, eu-central-1 become us-west-2, us-east-1.",
    ]);
  });

  it("keeps everything else as it was set", () => {
    const { ingestRegion: _i, archiveLocations: _a, id: _id, ...rest } = EU_SOURCE;

    expect(settings).toMatchObject(rest);
  });
});

describe("a source that moves from us to eu", () => {
  it.each(["ap1", "au1"] as const)("cannot keep %s, and is told so", (ingestRegion) => {
    const { settings, notes } = fitToHome("eu", "us", { ...US_SOURCE, ingestRegion });

    expect([settings.ingestRegion, notes[0]]).toEqual([
      "eu1",
      `Ingest region ${ingestRegion} is not allowed in eu: eu1 is taken.`,
    ]);
  });

  it("keeps eu1, which it was set to by itself", () => {
    const { settings, notes } = fitToHome("eu", "us", { ...US_SOURCE, ingestRegion: "eu1" });

    expect([settings.ingestRegion, notes.some((note) => note.includes("Ingest"))]).toEqual([
      "eu1",
      false,
    ]);
  });

  it("stays narrowed to one location: the one in the same place of the order", () => {
    const { settings } = fitToHome("eu", "us", { ...US_SOURCE, archiveLocations: ["us-east-1"] });

    expect(settings.archiveLocations).toEqual(["eu-central-1"]);
  });

  it("is told where it is laxer than eu's defaults", () => {
    const { notes } = fitToHome("eu", "us", US_SOURCE);

    expect(notes.slice(2)).toEqual([
      "ip stays full; eu's default is truncated.",
      "The pixel stays on; it is off by default in eu: its data stands in the URL.",
    ]);
  });

  it("is not offered when it is of a cloud type, with the alternative", () => {
    const [, , step] = planFor("eu", documentOf("us", { ...US_SOURCE, type: "cloud-object" }));

    expect([step?.act, step?.entry.action, step?.entry.notes]).toEqual([
      undefined,
      "not-applicable",
      [expect.stringContaining("Take a sync from a warehouse in eu instead.")],
    ]);
  });
});

describe("a document that is applied at home", () => {
  it("leaves a us source at eu1, and has nothing to tell its SDK", () => {
    const [, step] = planFor("us", documentOf("us", { ...US_SOURCE, ingestRegion: "eu1" }));

    expect([step?.entry.notes, step?.entry.sdk]).toEqual([[], undefined]);
    expect(step?.act).toMatchObject({ draft: { ingestRegion: "eu1" } });
  });
});

describe("what the plan of a move says", () => {
  it.each([
    ["eu", "us", EU_SOURCE, "events.eu1.example.com", "events.us1.example.com"],
    ["us", "eu", US_SOURCE, "events.us1.example.com", "events.eu1.example.com"],
  ] as const)(
    "from %s to %s: the host that the SDK had and gets",
    (from, to, source, had, gets) => {
      const [, , step] = planFor(to, documentOf(from, source));

      expect(step?.entry.sdk).toEqual({
        replaces: source.id,
        hostBefore: had,
        host: gets,
        writeKey: null,
      });
    },
  );

  it("no host, when the deployment has none for that ingest region", () => {
    const source = { ...US_SOURCE, ingestRegion: "au1" } as const;
    const [, , step] = planFor("eu", documentOf("us", source));

    expect(step?.entry.sdk).toMatchObject({ hostBefore: null, host: "events.eu1.example.com" });
  });

  it("what does not come along: data, keys, tokens, secrets, deduplication", () => {
    const [entry] = planFor("us", documentOf("eu")).map((step) => step.entry);

    expect(entry?.action).toBe("not-applicable");
    for (const word of ["no data moves", "write keys", "tokens", "secrets", "Deduplication"]) {
      expect(entry?.notes.join(" ")).toContain(word);
    }
  });

  it("that a stricter edge policy is kept", () => {
    const document = documentOf("eu");
    const strict = { ...document, workspace: { name: "Acme", edgePolicy: "strict" as const } };

    expect(planFor("us", strict)[1]?.entry.notes).toEqual([
      "Edge policy strict is kept; the default of us is transit.",
    ]);
  });
});
