/**
 * What a bundled Worker may import of the runtime: modules that compute or keep, and reach nobody.
 * The ways out are aliased to the egress guard, so none of them is ever left in a bundle.
 */
const HARMLESS = new Set([
  "cloudflare:workers",
  "node:assert",
  "node:async_hooks",
  "node:buffer",
  "node:crypto",
  "node:diagnostics_channel",
  "node:events",
  "node:os",
  "node:path",
  "node:perf_hooks",
  "node:process",
  "node:querystring",
  "node:stream",
  "node:stream/promises",
  "node:stream/web",
  "node:string_decoder",
  "node:timers",
  "node:timers/promises",
  "node:url",
  "node:util",
  "node:util/types",
  "node:zlib",
]);

/** Modules that are uploaded beside the bundle: WebAssembly, text. */
const UPLOADED = /^\.\//;

/** What of esbuild's metafile is looked at. */
export type Metafile = {
  readonly outputs: Readonly<
    Record<
      string,
      { readonly imports: readonly { readonly path: string; readonly external?: boolean }[] }
    >
  >;
};

/** An import of something whose name only the running Worker knows. */
const COMPUTED_IMPORT = /(?<![\w$.])import\(\s*(?!["'])/g;
/** The guard's own one, by which it finds the true sockets (`src/egress/shims`). */
const COMPUTED_IMPORTS_OF_OURS = 1;

/** Imports of the bundle that could go around the egress guard, one sentence each. */
export function importsAroundGuard(metafile: Metafile, script: string): readonly string[] {
  const named = Object.values(metafile.outputs)
    .flatMap(({ imports }) => imports)
    .filter(
      ({ path, external }) => external === true && !HARMLESS.has(path) && !UPLOADED.test(path),
    )
    .map(({ path }) => `The bundle imports ${path}, which the egress guard does not stand for`);
  const computed = script.match(COMPUTED_IMPORT)?.length ?? 0;
  if (computed <= COMPUTED_IMPORTS_OF_OURS) return named;
  return [...named, `The bundle has ${computed} imports of computed names, wanted at most one`];
}
