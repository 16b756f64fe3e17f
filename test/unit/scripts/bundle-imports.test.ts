import { describe, expect, it } from "vitest";

import { importsAroundGuard, type Metafile } from "../../../scripts/stack/bundle-imports.ts";

function metafileOf(...paths: readonly string[]): Metafile {
  const imports = paths.map((path) => ({ path, external: true }));
  return { outputs: { "index.js": { imports } } };
}

describe("importsAroundGuard()", () => {
  it.each(["node:crypto", "cloudflare:workers", "node:async_hooks", "./native.wasm"])(
    "has nothing against %s",
    (path) => {
      expect(importsAroundGuard(metafileOf(path), "")).toEqual([]);
    },
  );

  it.each(["node:net", "cloudflare:sockets", "node:https", "node:module", "node:new-thing"])(
    "finds %s",
    (path) => {
      expect(importsAroundGuard(metafileOf("node:crypto", path), "")).toHaveLength(1);
    },
  );

  it("finds a second import of a computed name", () => {
    const script = "await import(e);async()=>import( r.join(':'))";

    expect(importsAroundGuard(metafileOf(), script)).toHaveLength(1);
  });

  it("leaves the guard's own one, and imports by name, alone", () => {
    const script = 'await import(e);import("./a.js");x.import(y)';

    expect(importsAroundGuard(metafileOf(), script)).toEqual([]);
  });
});
