import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";

import { DOCUMENTED_PARAMETER, PARAMETERS_OF_OURS } from "../support/canary/answers.ts";
import { leaksIn, sightingsIn, type Piece, type Sighting } from "../support/canary/find-marks.ts";
import type { MarkKind } from "../support/canary/marks.ts";
import { ARCHIVED_LABELS } from "../support/canary/shapes.ts";
import { tellStory, type Story } from "../support/canary/story.ts";
import { escaped, percent } from "../support/canary/writings.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Everything is done once and read back; on two busy cores that takes more than a hook usually may. */
const STORY_MS_MAX = 300_000;

describe("a run with a mark in everything that somebody sends", () => {
  let story: Story;
  let leaks: readonly Sighting[];

  beforeAll(async () => {
    story = await tellStory();
    leaks = leaksIn(story.pieces, story.marks.all());
  }, STORY_MS_MAX);

  /** Labels of the marks of that kind that were found at a place. */
  const labelsAt = (area: string, where: string, kind: MarkKind): readonly string[] => {
    const pieces = story.pieces.filter((each) => each.area === area && each.where === where);
    const marks = story.marks.all().filter((mark) => mark.kind === kind);
    return [...new Set(sightingsIn(pieces, marks).map(({ label }) => label))].toSorted();
  };

  it.each([
    "output",
    "request that went out",
    "authorization",
    "answer of the API",
    "answer to a request",
    "key of an object",
    "metadata of an object",
    "object",
    "table",
    "file of an object",
  ])("leaves none where it may not be: %s", (area) => {
    expect(leaks.filter((leak) => leak.area === area)).toEqual([]);
    expect(story.pieces.filter((piece) => piece.area === area)).not.toEqual([]);
  });

  it("keeps nothing in a table or under a prefix that the data map does not know", () => {
    const unknown = story.pieces.filter(({ area }) => area.endsWith("without a row"));

    expect(unknown.map(({ where }) => where)).toEqual([]);
  });

  it("gives objects no name but one made of ids of ours", () => {
    expect(story.files.length).toBeGreaterThan(20);
    expect(story.namelessFiles).toEqual([]);
  });

  it("has no free text in a path or query of the API but the one that is documented", () => {
    const foreign = story.parameters.filter((name) => !PARAMETERS_OF_OURS.includes(name));
    const residency = readFileSync(join(ROOT, "docs/residency.md"), "utf8");

    expect(foreign).toEqual([DOCUMENTED_PARAMETER.name]);
    expect(residency.replaceAll(/\s+/g, " ")).toContain(DOCUMENTED_PARAMETER.sentence);
  });

  it.each(["S3 segment-logs/", "IngestQueue log_<n>"])("had its marks in %s", (where) => {
    const area = where.startsWith("S3") ? "object" : "table";

    expect(labelsAt(area, where, "event")).toEqual(expect.arrayContaining([...ARCHIVED_LABELS]));
  });

  it.each([
    ["Workspace workspace", "name"],
    ["Workspace tokens", "name"],
    ["Workspace sources", "name"],
    ["RegionDirectory workspaces", "name"],
    ["Workspace sources", "fingerprint-key"],
    ["Workspace audit_keys", "audit-key"],
    ["Workspace destinations", "name"],
    ["Workspace suppressions", "subject"],
    ["DeliveryLane state", "event"],
    ["Workspace connections", "name"],
    ["Workspace syncs", "name"],
    ["Workspace syncs", "rule"],
    ["Sync samples", "row"],
    ["Sync samples", "rule"],
    ["Sync samples", "vendor"],
  ] as const)("had its marks in %s: %s", (where, kind) => {
    expect(labelsAt("table", where, kind)).not.toEqual([]);
  });

  it("had rows in the state of a mirror, and records in the reports of syncs", () => {
    const state = ["pages", "chunks"].flatMap((what) =>
      labelsAt("table", `Sync state_${what}`, "row"),
    );

    expect(state).toContain("key of a row");
    expect(labelsAt("object", "S3 homeport-sync-logs/", "row")).toContain("value of a row");
  });

  it("had runs of syncs that were refused with every value quoted, and that met broken sources", () => {
    expect(story.quotedRuns).toMatchObject({
      refused: { state: "completed", error: null, counts: { rejected: 2, invalid: 1 } },
      dry: { state: "completed" },
      tested: { state: "completed" },
      chosen: { state: "completed" },
      constrained: { state: "completed", error: null, counts: { rejected: 3, invalid: 1 } },
      cast: { state: "failed" },
      damaged: { state: "failed" },
    });
  });

  it("gave a vendor its secret, and no secret of others", () => {
    const sent = story.pieces.filter(({ area }) => area === "authorization");
    const kinds = sightingsIn(sent, story.marks.all()).map(({ kind }) => kind);

    expect([...new Set(kinds)]).toEqual(["vendor-secret"]);
  });

  it.each(["token", "invite", "write-key", "name"] as const)("was answered a %s", (kind) => {
    const marks = story.marks.all().filter((mark) => mark.kind === kind);
    const answers = story.pieces.filter(({ area }) => area === "answer of the API");

    expect(sightingsIn(answers, marks)).not.toEqual([]);
  });

  it("called every operation of the API", () => {
    const called = new Set(story.pieces.map(({ where }) => where));
    const all = story.operations.map(({ method, path }) => `${method} ${path}`);

    expect(all.filter((name) => !called.has(name))).toEqual([]);
  });

  it("found an event, rebuilt a catalogue and showed the evidence", () => {
    expect([...story.succeeded]).toEqual(
      expect.arrayContaining([
        "GET /api/v1/sources/{id}/events/{messageId}",
        "POST /api/v1/sources/{id}/files/rebuild",
        "GET /api/v1/residency",
        "GET /api/v1/audit/export",
        "GET /api/v1/destinations/{id}/last-failure",
        "POST /api/v1/destinations/{id}/dead-letters/search",
        "POST /api/v1/destinations/{id}/filters/preview",
        "PUT /api/v1/workspace/config",
        "DELETE /api/v1/sources/{id}",
        "POST /api/v1/connections/{id}/preview",
        "POST /api/v1/syncs/{id}/trigger",
        "POST /api/v1/syncs/{id}/runs/{run}/records",
        "GET /census/api/v1/sync_runs/{id}",
      ]),
    );
  });

  it("met every fault with a file in its hands", () => {
    expect(story.faults.filter((name) => !story.faultsMet.has(name))).toEqual([]);
  });

  it("was heard: what is logged, and what objects throw", () => {
    expect(story.output.join("\n")).toMatch(/"code":"settings_wrong"/);
    expect(story.output.join("\n")).toMatch(/exception Error newer_schema/);
  });

  describe("while the settings were wrong", () => {
    it("gave every request the same 503", () => {
      const [first] = story.whileWrong;

      expect(first?.status).toBe(503);
      expect(story.whileWrong).toEqual([first, first, first]);
    });

    it("said so once", () => {
      const logged = story.output.filter((line) => line.startsWith("{"));

      expect(logged.filter((line) => line.includes("settings_wrong"))).toHaveLength(1);
    });
  });

  it.each<[string, Partial<Piece>, (text: string) => string | Uint8Array]>([
    ["a log line", { area: "output" }, (text) => `{"code":"internal","user":"${text}"}`],
    ["a parser's words", { area: "output" }, (text) => `Unexpected ..."${text.slice(3, 13)}"...`],
    ["a URL", { area: "request that went out" }, (text) => `s3/?prefix=${percent(text)}`],
    ["a header", { area: "request that went out" }, (text) => btoa(`id:${text}`)],
    ["a key", { area: "key of an object" }, (text) => `segment-logs/${text}/1.gz`],
    ["metadata", { area: "metadata of an object" }, (text) => Buffer.from(text).toString("hex")],
    ["an answer", { area: "answer of the API" }, (text) => `{"alert":"${escaped(text)}"}`],
    ["a table", { area: "table" }, (text) => deflateRawSync(`{"userId":"${text}"}`)],
  ])("would have found a mark in %s", (_what, place, write) => {
    const value = write(story.marks.text("userId"));
    const planted = { area: "", where: "planted", values: [value], mayHold: [], ...place };

    expect(leaksIn([planted], story.marks.all())).toEqual([
      expect.objectContaining({ area: planted.area, where: "planted", label: "userId" }),
    ]);
  });

  it("would have found a secret in the archive", () => {
    const secret = story.marks.text("S3_SECRET_ACCESS_KEY_EU");
    const isFile = ({ area, where }: Piece): boolean =>
      area === "object" && where === "S3 segment-logs/";
    const [file] = story.pieces.filter(isFile);
    const planted = { ...(file as Piece), values: [secret] };

    expect(leaksIn([planted], story.marks.all())).toEqual([
      expect.objectContaining({ where: "S3 segment-logs/", kind: "deployment" }),
    ]);
  });
});
