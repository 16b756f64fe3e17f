import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { allowancesOf, readAllowances } from "../../support/canary/data-map.ts";
import { leaksIn } from "../../support/canary/find-marks.ts";
import { Marks, type MarkKind } from "../../support/canary/marks.ts";
import { tablesOf } from "../../support/canary/stores.ts";
import { escaped, percent } from "../../support/canary/writings.ts";

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
    ["keyed hashes of keys and rows; of a mirror the keys themselves", ["row"]],
    ["names; constants, templates and queries of syncs", ["name", "rule"]],
    ["records of syncs and what became of each", ["row", "rule", "vendor"]],
    ["rows that changed, gzipped", ["row"]],
  ])("reads %s", (holds, kinds) => {
    const markdown = `## Workspace\n\n| \`things\` | ${holds} | home | a day | pruning |\n`;

    expect(allowancesOf(markdown).get("Workspace things")).toEqual(kinds);
  });
});
