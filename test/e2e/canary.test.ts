import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";

import { DOCUMENTED_PARAMETER, PARAMETERS_OF_OURS } from "../support/canary/answers.ts";
import { allowancesOf, readAllowances } from "../support/canary/data-map.ts";
import { leaksIn, sightingsIn, type Piece, type Sighting } from "../support/canary/find-marks.ts";
import { Marks, type MarkKind } from "../support/canary/marks.ts";
import { ARCHIVED_LABELS } from "../support/canary/shapes.ts";
import { tablesOf } from "../support/canary/stores.ts";
import { tellStory, type Story } from "../support/canary/story.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

describe("a run with a mark in everything that somebody sends", () => {
  let story: Story;
  let leaks: readonly Sighting[];

  beforeAll(async () => {
    story = await tellStory();
    leaks = leaksIn(story.pieces, story.marks.all());
  });

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
  ] as const)("had its marks in %s: %s", (where, kind) => {
    expect(labelsAt("table", where, kind)).not.toEqual([]);
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

function percent(text: string): string {
  return Array.from(text, (char) => `%${char.charCodeAt(0).toString(16)}`).join("");
}

function escaped(text: string): string {
  return Array.from(text, (char) => String.raw`\u00${char.charCodeAt(0).toString(16)}`).join("");
}

describe("leaksIn()", () => {
  const marks = new Marks();
  const mark = marks.mint("event", "userId");
  const among = (text: string): string => `before ${text} behind`;
  const finds = (value: string | Uint8Array): boolean =>
    leaksIn([{ area: "a", where: "w", values: [value], mayHold: [] }], marks.all()).length > 0;

  it.each<[string, string | Uint8Array]>([
    ["as it is", among(mark)],
    ["ten characters of it", among(mark.slice(7, 17))],
    ["UTF-16", Buffer.from(among(mark), "utf16le")],
    ["hex", Buffer.from(mark).toString("hex")],
    ["hex in capitals", Buffer.from(mark).toString("hex").toUpperCase()],
    ["base64", Buffer.from(mark).toString("base64")],
    ["base64 behind one byte", Buffer.from(`1${mark}`).toString("base64")],
    ["base64 behind two bytes", Buffer.from(`12${mark}`).toString("base64url")],
    ["percent-encoded", percent(mark)],
    ["escaped", escaped(mark)],
    ["gzip among other bytes", Buffer.concat([Buffer.from("x"), gzipSync(among(mark))])],
    ["zlib", deflateSync(among(mark))],
    ["deflate", deflateRawSync(among(mark))],
    ["gzip that is cut off", gzipSync(among(mark)).subarray(0, -8)],
  ])("finds a mark: %s", (_how, value) => {
    expect(finds(value)).toBe(true);
  });

  it("finds no mark where there is none", () => {
    expect(finds(among(mark.toUpperCase().slice(0, 9)))).toBe(false);
  });

  it("lets a mark be where its kind is allowed", () => {
    const piece = { area: "a", where: "w", values: [mark], mayHold: ["event"] as const };

    expect(leaksIn([piece], marks.all())).toEqual([]);
  });
});

describe("tablesOf()", () => {
  const marks = new Marks();
  const mark = marks.mint("event", "userId");

  const leaksOf = (...statements: readonly string[]): readonly string[] => {
    const folder = mkdtempSync(join(tmpdir(), "homeport-canary-table-"));
    const path = join(folder, "object.sqlite");
    const database = new DatabaseSync(path);
    for (const sql of statements) database.exec(sql);
    database.close();
    const pieces = tablesOf([{ object: "IngestQueue", id: "", path }], readAllowances());
    rmSync(folder, { recursive: true });
    return leaksIn(pieces, marks.all()).map(({ area, where }) => `${area} ${where}`);
  };

  it.each([
    ["segments", "table IngestQueue segments"],
    ["_cf_KV", "table IngestQueue _cf_KV"],
    ["notes", "table without a row IngestQueue notes"],
  ])("shows what may not be in %s", (table, leak) => {
    const made = [`CREATE TABLE ${table} (a TEXT)`, `INSERT INTO ${table} VALUES ('${mark}')`];

    expect(leaksOf(...made)).toEqual([leak]);
  });

  it("knows tables by the numbers in their names", () => {
    const made = ["CREATE TABLE log_12 (a TEXT)", `INSERT INTO log_12 VALUES ('${mark}')`];

    expect(leaksOf(...made)).toEqual([]);
  });
});

describe("allowancesOf()", () => {
  it.each<[string, readonly MarkKind[]]>([
    ["events, keyed hashes", ["event"]],
    ["events: one, cut short", ["event"]],
    ["ids of users whom requests name", ["subject"]],
    ["names; the key of the keyed hashes", ["name", "fingerprint-key"]],
    ["no; the private key that signs heads of the audit chain", ["audit-key"]],
    ["no; names of hosts", []],
    ["names, encrypted under a key that is not stored", []],
    ["keyed hashes of user ids, as a set with false positives", []],
  ])("reads %s", (holds, kinds) => {
    const markdown = `## Workspace\n\n| \`things\` | ${holds} | home | a day | pruning |\n`;

    expect(allowancesOf(markdown).get("Workspace things")).toEqual(kinds);
  });
});
