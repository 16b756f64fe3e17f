import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

/** What stands for a module that the kit imports, as the text of a module. */
const STAND_INS: Readonly<Record<string, string>> = {
  ajv: exported("schema/ajv.ts", "Ajv as default"),
  "ajv-formats": exported("schema/formats.ts", "addFormats as default"),
  "cross-fetch": [
    exported("bundle/kit-fetch.ts", "kitFetch as default, kitFetch as fetch"),
    "export const { Headers, Request, Response } = globalThis;",
  ].join("\n"),
};

/**
 * Lets the bundler take our own modules where the kit would compile code or send by itself, and
 * leaves modules of Node's to the build of the Worker, which puts the egress guard in their place.
 */
export const KIT_MODULES: Plugin = {
  name: "homeport-kit",
  setup(build) {
    build.onResolve({ filter: /^(?:ajv|ajv-formats|cross-fetch)$/ }, ({ path }) => ({
      path,
      namespace: "stand-in",
    }));
    build.onLoad({ filter: /.*/, namespace: "stand-in" }, ({ path }) => ({
      contents: STAND_INS[path] ?? "",
      loader: "ts",
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
    }));
    build.onResolve({ filter: /.*/ }, ({ path, namespace }) => {
      const name = path.replace(/^node:/, "");
      if (!builtinModules.includes(name)) return undefined;
      if (namespace === "of-node") return { path: `node:${name}`, external: true };
      return { path: name, namespace: "of-node" };
    });
    // CommonJS asks with `require`, which a Worker does not have: this makes an import of it.
    build.onLoad({ filter: /.*/, namespace: "of-node" }, ({ path }) => ({
      contents: `import * as all from "node:${path}"; module.exports = all.default ?? all;`,
    }));
  },
};

function exported(file: string, names: string): string {
  const path = fileURLToPath(new URL(`../../src/deliver/kit/${file}`, import.meta.url));
  return `export { ${names} } from ${JSON.stringify(path)};`;
}
