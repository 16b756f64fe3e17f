import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { KIT_MODULES } from "./modules.ts";

/** Where the kit stands as the Worker takes it: `kit.js`, and a file per destination. */
export const KIT_FOLDER = fileURLToPath(new URL("../../dist/kit/", import.meta.url));

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CATALOGUE = join(ROOT, "src/deliver/catalogue/destinations.json");
const STAMP = "stamp.txt";
const DEFINITIONS = "@segment/action-destinations/dist/destinations";

/** Whatever of these changes makes another kit. */
const SOURCES = ["src/deliver/kit/schema", "src/deliver/kit/bundle", "scripts/kit"];
const PACKAGES = ["action-destinations", "actions-core", "destination-subscriptions"];

/**
 * Bundles Segment's destinations that the catalogue names into `dist/kit`, unless they are there
 * already. One file each, so that whoever imports one lazily gets no other.
 *
 * @throws Error when a destination does not bundle, or would compile code while it serves.
 */
export async function buildKit(): Promise<{ readonly isNew: boolean }> {
  const slugs = await slugsOfKit();
  const stamp = await stampOf(slugs);
  const known = await readFile(join(KIT_FOLDER, STAMP), "utf8").catch(() => "");
  if (known === stamp) return { isNew: false };
  const files = await bundle(slugs);
  for (const [path, text] of files) await put(path, text);
  await put("kit.js", files.get("kit.js") ?? "");
  await forgetOthers([...files.keys(), STAMP]);
  await put(STAMP, stamp);
  return { isNew: true };
}

/** Folders of the kit's package that the catalogue uses, in its order. */
export async function slugsOfKit(): Promise<readonly string[]> {
  const { destinations } = JSON.parse(await readFile(CATALOGUE, "utf8")) as {
    readonly destinations: readonly { readonly slug: string }[];
  };
  return destinations.map(({ slug }) => slug);
}

async function bundle(slugs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    stdin: { contents: entryOf(slugs), resolveDir: ROOT, sourcefile: "kit.js" },
    bundle: true,
    splitting: true,
    write: false,
    outdir: KIT_FOLDER,
    entryNames: "kit",
    chunkNames: "chunks/[name]-[hash]",
    format: "esm",
    target: "es2024",
    minify: true,
    // Destinations print what they send; nothing of that may reach a log.
    drop: ["console"],
    define: { "process.env": "kitEnv", eval: "noEval" },
    inject: [join(ROOT, "src/deliver/kit/bundle/kit-env.ts")],
    // Both forms of each package are published; one of them is enough.
    conditions: ["require", "worker"],
    mainFields: ["browser", "main"],
    legalComments: "none",
    plugins: [KIT_MODULES],
  });
  const files = new Map(outputFiles.map(({ path, text }) => [path.slice(KIT_FOLDER.length), text]));
  for (const [path, text] of files) refuseCode(path, text);
  return files;
}

function entryOf(slugs: readonly string[]): string {
  const own = (file: string): string => JSON.stringify(`./src/deliver/kit/bundle/${file}`);
  return [
    `export { Destination } from "@segment/actions-core/destination-kit";`,
    `export { defaultValues } from "@segment/actions-core";`,
    `export { parseFql, validate } from "@segment/destination-subscriptions";`,
    `export { useFetch } from ${own("kit-fetch.ts")};`,
    `export { withEnv } from ${own("kit-env.ts")};`,
    "const of = ({ default: all }) => all.default ?? all;",
    "export const definitions = {",
    ...slugs.map((slug) => `"${slug}": () => import("${DEFINITIONS}/${slug}/index.js").then(of),`),
    "};",
  ].join("\n");
}

/** Code that is made from text while the Worker serves does not run there. */
function refuseCode(path: string, text: string): void {
  if (!/\bnew Function\b|\beval\(/.test(text)) return;
  throw new Error(`Cannot build the kit: ${basename(path)} would compile code while it serves`);
}

async function stampOf(slugs: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(slugs));
  for (const name of PACKAGES) {
    hash.update(await readFile(join(ROOT, "node_modules/@segment", name, "package.json")));
  }
  for (const folder of SOURCES) {
    for (const name of (await readdir(join(ROOT, folder))).toSorted()) {
      hash.update(name).update(await readFile(join(ROOT, folder, name)));
    }
  }
  return hash.digest("hex");
}

/** Writes a file in one step, because several builds may run at a time. */
async function put(path: string, text: string): Promise<void> {
  const target = join(KIT_FOLDER, path);
  const temporary = join(KIT_FOLDER, `.${process.pid}-${basename(path)}`);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(temporary, text);
  await rename(temporary, target);
}

async function forgetOthers(paths: readonly string[]): Promise<void> {
  for (const name of await readdir(KIT_FOLDER, { recursive: true })) {
    const isFile = name.endsWith(".js") && !basename(name).startsWith(".");
    if (isFile && !paths.includes(name)) await rm(join(KIT_FOLDER, name), { force: true });
  }
}
