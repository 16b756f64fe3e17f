import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import {
  bareLimits,
  foreignWords,
  jurisdictionCalls,
  longFiles,
  namespaceCalls,
  outsideCalls,
  settingReads,
} from "../support/architecture/code-rules.ts";
import { importViolations, MAY_IMPORT } from "../support/architecture/import-table.ts";
import { readSourceFiles, type SourceFiles } from "../support/architecture/source-files.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ARCHITECTURE = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");
const PRODUCT = readSourceFiles(ROOT, ["src", "durable-objects"]);
const HAND_WRITTEN = readSourceFiles(ROOT, ["src", "durable-objects", "scripts", "console"]);

/** One file that is not there, for a rule to find fault with. */
function planted(path: string, text: string): SourceFiles {
  return new Map([[path, text]]);
}

describe("the source files", () => {
  it("are found: a rule over no files would hold of anything", () => {
    const wanted = ["src/index.ts", "src/region/placement.ts", "durable-objects/workspace.ts"];

    expect([...PRODUCT.keys()]).toEqual(expect.arrayContaining(wanted));
  });
});

describe("imports", () => {
  it("follow the table", () => {
    expect(importViolations(PRODUCT)).toEqual([]);
  });

  it("follow the table that docs/architecture.md shows", () => {
    const rows = ARCHITECTURE.matchAll(/^\| `([^`|]+)` \|((?: `[^`]+`)*) \|$/gm);
    const shown = Array.from(rows, ([, folder = "", cells = ""]) => [
      folder,
      cells.split(/[ `]+/).filter((cell) => cell !== ""),
    ]);

    expect(Object.fromEntries(shown)).toEqual(MAY_IMPORT);
  });

  it.each([
    ["src/core/a.ts", 'import { b } from "../region/b.ts";'],
    ["src/core/a.ts", 'import type { Config } from "../config.ts";'],
    ["src/region/a.ts", 'export { b } from "../workspace/b.ts";'],
    ["src/region/a.ts", 'import type { Services } from "../services.ts";'],
    ["src/egress/a.ts", 'import "../s3/b.ts";'],
    ["src/s3/a.ts", 'const b = await import("../archive/b.ts");'],
    ["src/archive/a.ts", 'import {\n  b,\n  type C,\n} from "../ingest/b.ts";'],
    ["src/archive/a.ts", 'import type { B } from "../ingest/queue/b.ts";'],
    ["src/workspace/a.ts", 'import type { B } from "../ingest/b.ts";'],
    ["src/ingest/a.ts", 'import { b } from "./queue/b.ts";'],
    ["src/ingest/a.ts", 'import { b } from "../archive/b.ts";'],
    ["src/ingest/queue/dedup/a.ts", 'import { b } from "../../../api/b.ts";'],
    ["src/ingest/a.ts", 'import { parseConfig } from "../config.ts";'],
    ["src/api/a.ts", 'import { b } from "../../durable-objects/b.ts";'],
    ["src/config.ts", 'import { b } from "./ingest/b.ts";'],
    ["src/services.ts", 'import { b } from "./archive/b.ts";'],
    ["src/services.ts", 'import type { B } from "../durable-objects/b.ts";'],
    ["src/ingest/a.ts", 'import { b } from "../../test/support/b.ts";'],
    ["src/newcomer/a.ts", 'import { b } from "../core/b.ts";'],
    ["durable-objects/a.ts", 'import { b } from "../src/api/b.ts";'],
    ["durable-objects/a.ts", 'import worker from "../src/index.ts";'],
    ["durable-objects/a.ts", 'import { b } from "../scripts/b.ts";'],
  ])("of %s may not read %j", (path, text) => {
    expect(importViolations(planted(path, text))).toHaveLength(1);
  });

  it.each([
    ["src/ingest/a.ts", 'import type { Services } from "../services.ts";'],
    ["src/services.ts", 'import type { B } from "./archive/b.ts";'],
    ["src/ingest/queue/dedup/a.ts", 'import { b } from "../../append.ts";'],
    ["src/core/a.ts", '// import { b } from "../region/b.ts";'],
    ["src/core/a.ts", 'import { b } from "./b.ts";'],
  ])("of %s may read %j", (path, text) => {
    expect(importViolations(planted(path, text))).toEqual([]);
  });
});

describe("files", () => {
  it("have at most 300 lines", () => {
    expect(longFiles(HAND_WRITTEN)).toEqual([]);
  });

  it.each([
    [300, 0],
    [301, 1],
  ])("of %s lines are found %s times", (lines, found) => {
    expect(longFiles(planted("src/a.ts", "const a = 1;\n".repeat(lines)))).toHaveLength(found);
  });
});

describe("objects", () => {
  it("are reached through placement only", () => {
    expect(namespaceCalls(PRODUCT)).toEqual([]);
  });

  it("are pinned to a jurisdiction by one call in the whole product", () => {
    expect(jurisdictionCalls(PRODUCT)).toBe(1);
  });

  it.each([
    'env.WORKSPACE.jurisdiction("eu")',
    "namespace.idFromName(name)",
    "namespace\n  .getByName(name)",
    "namespace.newUniqueId()",
    "namespace.idFromString(id)",
    'namespace["getByName"](name)',
    "`${namespace.getByName(name).id}`",
  ])("may not be reached by %s elsewhere", (code) => {
    expect(namespaceCalls(planted("durable-objects/a.ts", code))).toHaveLength(1);
  });

  it("are seen to be pinned twice", () => {
    const twice = 'a.jurisdiction("eu"); b.jurisdiction("us");';

    expect(jurisdictionCalls(planted("src/region/placement.ts", twice))).toBe(2);
  });
});

describe("the outside", () => {
  it("is reached through the egress guard only", () => {
    expect(outsideCalls(PRODUCT)).toEqual([]);
  });

  it.each([
    'await fetch("https://example.com")',
    "return fetch(request)",
    "globalThis.fetch(request)",
    "const socket = connect(address)",
    'new WebSocket("wss://example.com")',
    'import { connect as dial } from "cloudflare:sockets";',
    'import net from "node:net";',
    'const tls = await import("node:tls");',
    'import { request } from "https";',
    'import { createRequire } from "node:module";',
    'navigator.sendBeacon("https://example.com")',
    'process.getBuiltinModule("node:net")',
    "await caches.default.put(request, response)",
  ])("may not be reached by %j elsewhere", (code) => {
    expect(outsideCalls(planted("src/s3/a.ts", code))).toHaveLength(1);
  });

  it.each([
    "async fetch(request, env) {}",
    "await router.fetch(request)",
    "// fetch(request)",
    'import { createGzip } from "node:zlib";',
  ])("is not reached by %j", (code) => {
    expect(outsideCalls(planted("src/index.ts", code))).toEqual([]);
  });
});

describe("settings", () => {
  it("are read by parseConfig only", () => {
    expect(settingReads(PRODUCT)).toEqual([]);
  });

  it.each([
    "process.env.HOSTS",
    "env.OPERATOR_TOKEN",
    "this.env.HOSTS",
    'env["HOSTS"]',
    "const { HOSTS } = env;",
    "const { HOSTS } = this.env;",
  ])("may not be read by %j elsewhere", (code) => {
    expect(settingReads(planted("durable-objects/a.ts", code))).toHaveLength(1);
  });
});

describe("exported names", () => {
  it("use the words of the glossary", () => {
    expect(foreignWords(PRODUCT)).toEqual([]);
  });

  it.each([
    "export type TenantId = string;",
    "export const SINKS_MAX = 3;",
    "export async function purgeUser() {}",
    "export class UserBlocklist {}",
    "export interface ApiKey {}",
    "export function startBackfill() {}",
  ])("may not be as in %j", (code) => {
    expect(foreignWords(planted("src/core/a.ts", code))).toHaveLength(1);
  });

  it("may hold a forbidden word inside another word", () => {
    expect(foreignWords(planted("src/core/a.ts", "export const orginalWhite = 1;"))).toEqual([]);
  });
});

describe("limits", () => {
  it("have a reason and a unit", () => {
    expect(bareLimits(PRODUCT)).toEqual([]);
  });

  it.each([
    ["no comment", "export const BODY_BYTES_MAX = 512_000;"],
    ["no unit", "/** As Segment has it. */\nexport const BODY_MAX = 512_000;"],
    ["a comment further up", "/** Bytes. */\n\nexport const BODY_BYTES_MAX = 512_000;"],
  ])("may not have %s", (_, code) => {
    expect(bareLimits(planted("src/ingest/limits.ts", code))).toHaveLength(1);
  });

  it.each([
    "/** As Segment has it. */\nexport const BODY_BYTES_MAX = 512_000;",
    "/** As Segment has it. */\nexport const EVENTS_MAX = 2500;",
    "/** Levels of brackets. */\nexport const NESTING_MAX = 200;",
  ])("may be as in %j", (code) => {
    expect(bareLimits(planted("src/ingest/limits.ts", code))).toEqual([]);
  });
});
