import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { parseConfig } from "../../src/config.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OPERATIONS = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const WRANGLER = readFileSync(join(ROOT, "wrangler.toml"), "utf8");

/** The names that parseConfig() asks for, whether it needs them or has a default. */
function settingsRead(): readonly string[] {
  const asked = new Set<string>();
  const vars = new Proxy(
    {},
    { get: (_, name) => (typeof name === "string" ? void asked.add(name) : undefined) },
  );
  expect(() => parseConfig(vars)).toThrow("Cannot start");
  return [...asked].toSorted();
}

/** `NAME = "value"` and `echo "NAME=value"`, as far as a shell would not change the value. */
function settingsIn(text: string): Readonly<Record<string, string>> {
  const lines = text.matchAll(/^ *(?:echo ")?([A-Z][A-Z0-9_]+) ?= ?"?([^"\n]+)"/gm);
  return Object.fromEntries(Array.from(lines, ([, name = "", value = ""]) => [name, value]));
}

describe("docs/operations.md", () => {
  it("lists every setting that is read, and no other", () => {
    const rows = OPERATIONS.matchAll(/^\| `([A-Z0-9_]+)` \|/gm);

    expect(Array.from(rows, ([, name = ""]) => name).toSorted()).toEqual(settingsRead());
  });
});

describe("the README's way to deploy", () => {
  it("sets all that is needed", () => {
    const deploy = README.slice(
      README.indexOf("## Deploy"),
      README.indexOf("## Project structure"),
    );
    const made = {
      "$(openssl rand -hex 32)": "0".repeat(64),
      "1:$(openssl rand -base64 32)": `1:${Buffer.alloc(32).toString("base64")}`,
    };
    const vars = { ...settingsIn(WRANGLER), ...settingsIn(deploy) };
    const filled = Object.entries(vars).map(([name, value]) => [
      name,
      Object.entries(made).find(([command]) => command === value)?.[1] ?? value,
    ]);

    const config = parseConfig(Object.fromEntries(filled));

    expect(config).toMatchObject({ environment: "production", jurisdictions: "enforced" });
  });
});
