import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { BUNDLE_ASSETS, BUNDLE_PLACEHOLDERS } from "../src/sdk/browser-bundle.ts";
import { licenceTexts } from "./browser-bundle/licences.ts";
import { applyPatches, foreignHosts, STANDALONE_PATCHES } from "./browser-bundle/patches.ts";

/**
 * Makes the browser bundle from the npm package into `dist/assets`, from where the Worker serves it.
 * Wrangler runs this before each build (`[build]` in wrangler.toml), so nobody has to.
 *
 * @throws Error when the package is not the one that was studied, or a file names another host.
 */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PACKAGES = join(ROOT, "node_modules");
const UMD = join(PACKAGES, "@segment/analytics-next/dist/umd");
const ASSETS = join(ROOT, "dist/assets");

/** Parts that load from Vimeo and Google; only settings that we never serve would ask for them. */
const LEFT_OUT = /^(?:407|legacyVideos)\.bundle\./;
const PART = /\.bundle\.[0-9a-f]+\.js$/;
const SOURCE_MAP = /\n?\/\/# sourceMappingURL=\S+\s*$/;

async function main(): Promise<void> {
  const names = (await readdir(UMD)).filter((name) => PART.test(name) && !LEFT_OUT.test(name));
  const files = new Map<string, string>();
  const script = await readFile(join(UMD, "standalone.js"), "utf8");
  const patched = applyPatches("standalone.js", script, STANDALONE_PATCHES);
  for (const [name, placeholder] of Object.entries(BUNDLE_PLACEHOLDERS)) {
    if (patched.includes(placeholder)) continue;
    throw new Error(`Cannot build the browser bundle: it has no place for the ${name}`);
  }
  files.set(BUNDLE_ASSETS.script, await finish("standalone.js", patched));
  for (const name of names) {
    const text = await readFile(join(UMD, name), "utf8");
    files.set(BUNDLE_ASSETS.parts + name, await finish(name, text));
  }
  files.set(BUNDLE_ASSETS.licences, await licenceTexts(PACKAGES));
  await Promise.all(Array.from(files, ([path, text]) => put(join(ASSETS, path), text)));
}

/** A file as it is served: with the licence that has to stand in every copy, without its source map. */
async function finish(name: string, text: string): Promise<string> {
  const hosts = foreignHosts(text);
  if (hosts.length > 0) {
    throw new Error(`Cannot build the browser bundle: ${name} names ${hosts.join(", ")}`);
  }
  const licence = await readFile(join(PACKAGES, "@segment/analytics-next/LICENSE.MD"), "utf8");
  const head = `@segment/analytics-next, changed to load from one host only. Licences of what it holds: ${BUNDLE_ASSETS.licences}`;
  return `/*!\n${head}\n\n${licence.trim()}\n*/\n${text.replace(SOURCE_MAP, "")}\n`;
}

/** Writes a file unless it is there already; in one step, because several builds may run at a time. */
async function put(path: string, text: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) return;
  // Beside the folder of the assets, where nobody takes it for one.
  const temporary = join(ROOT, "dist", `.${process.pid}-${path.replaceAll(/\W/g, "-")}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(temporary, text);
  await rename(temporary, path);
  await rm(temporary, { force: true });
}

await main();
