import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DOCUMENTS = ["", "docs", "docs/decisions"].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

/** Files that a command writes, so that a fresh clone may lack them. */
const WRITTEN = ["test/bench/results.json"];

/** Links to files of ours, and files that are named as code, from the root of the repository. */
function filesNamed(document: string): readonly string[] {
  const text = readFileSync(join(ROOT, document), "utf8");
  const links = Array.from(text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g), ([, link = ""]) =>
    normalize(join(dirname(document), link)),
  );
  const code = text.matchAll(/`((?:src|test|scripts|durable-objects|docs)\/[\w./-]+)`/g);
  return [...links, ...Array.from(code, ([, path = ""]) => path)];
}

function isThere(path: string): boolean {
  return WRITTEN.includes(path) || existsSync(join(ROOT, path));
}

/** The scripts of package.json that a document tells to run. */
function scriptsNamed(document: string): readonly string[] {
  const text = readFileSync(join(ROOT, document), "utf8");
  return Array.from(text.matchAll(/\bnpm run (?:-s )?([a-z:-]*[a-z])/g), ([, name = ""]) => name);
}

describe.each(DOCUMENTS)("%s", (document) => {
  it("names only files that exist", () => {
    expect(filesNamed(document).filter((path) => !isThere(path))).toEqual([]);
  });

  it("names only scripts that exist", () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };

    expect(scriptsNamed(document).filter((name) => !(name in manifest.scripts))).toEqual([]);
  });
});
