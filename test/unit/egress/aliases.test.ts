import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { GUARDED_MODULES } from "../../../src/egress/guarded-modules.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const WRANGLER_TOML = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
const ENTRY = readFileSync(join(ROOT, "src/index.ts"), "utf8");

/** Module and file of each alias that the Worker is bundled with. */
const ALIASES = new Map(
  Array.from(
    WRANGLER_TOML.matchAll(/^"([^"]+)" = "(\.\/src\/egress\/shims\/[^"]+)"$/gm),
    ([, module = "", path = ""]) => [module, path] as const,
  ),
);

/** A module of Node's goes by two names. */
function namesOf(module: string): readonly string[] {
  return module.includes(":") ? [module] : [module, `node:${module}`];
}

describe("wrangler.toml", () => {
  it("has the guard stand for every module that could open a connection, under both names", () => {
    const wanted = GUARDED_MODULES.flatMap(namesOf);

    expect([...ALIASES.keys()].toSorted()).toEqual(wanted.toSorted());
  });

  it("names files that exist", () => {
    expect([...ALIASES.values()].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe("src/index.ts", () => {
  it("installs the guard before it imports anything else", () => {
    const [first] = Array.from(ENTRY.matchAll(/^import[^"]*"([^"]+)"/gm), ([, path]) => path);

    expect(first).toBe("./egress/install.ts");
  });
});
