import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { importsAroundGuard, type Metafile } from "./stack/bundle-imports.ts";
import { WRANGLER_CLI, WRANGLER_ENV } from "./stack/bundle.ts";

/**
 * `npm run check:bundle`: builds the Worker as it is deployed and fails when its size, compressed as
 * the platform counts it, is above `homeport.bundleGzipKilobytesMax` of package.json. A Worker's
 * start takes time for each kilobyte, so growth has to be a decision. It fails as well when anything
 * in the bundle, libraries included, imports a way to the outside past the egress guard.
 */
const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));
const BYTES_PER_KILOBYTE = 1000;
const METAFILE = "metafile.json";

async function main(): Promise<number> {
  const max = kilobytesMax(await readFile(join(PROJECT_DIR, "package.json"), "utf8"));
  const folder = await mkdtemp(join(tmpdir(), "homeport-bundle-size-"));
  try {
    const worker = await build(folder);
    const kilobytes = gzipSync(worker, { level: 9 }).byteLength / BYTES_PER_KILOBYTE;
    const raw = Math.ceil(worker.byteLength / BYTES_PER_KILOBYTE);
    console.log(`The Worker has ${kilobytes.toFixed(1)} kB gzip (${raw} kB), at most ${max} kB.`);
    const around = await waysOut(folder);
    for (const sentence of around) console.error(`${sentence}.`);
    if (kilobytes <= max) return around.length === 0 ? 0 : 1;
    console.error("Find out what grew, or raise homeport.bundleGzipKilobytesMax in package.json.");
    return 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All modules that are uploaded, one after the other. */
async function build(folder: string): Promise<Uint8Array> {
  const args = ["deploy", "--dry-run", "--minify", "--outdir", folder];
  args.push("--metafile", join(folder, METAFILE));
  await promisify(execFile)(process.execPath, [WRANGLER_CLI, ...args], {
    cwd: PROJECT_DIR,
    env: { ...process.env, ...WRANGLER_ENV, NO_COLOR: "1" },
  });
  const modules = (await readdir(folder)).filter((name) => /\.(js|wasm)$/.test(name));
  return Buffer.concat(await Promise.all(modules.map((name) => readFile(join(folder, name)))));
}

async function waysOut(folder: string): Promise<readonly string[]> {
  const metafile = JSON.parse(await readFile(join(folder, METAFILE), "utf8")) as Metafile;
  return importsAroundGuard(metafile, await readFile(join(folder, "index.js"), "utf8"));
}

function kilobytesMax(packageJson: string): number {
  const { homeport } = JSON.parse(packageJson) as {
    readonly homeport?: { readonly bundleGzipKilobytesMax?: unknown };
  };
  const max = homeport?.bundleGzipKilobytesMax;
  if (typeof max === "number") return max;
  throw new Error(
    'Cannot judge the bundle: package.json needs "homeport": { "bundleGzipKilobytesMax": <number> }',
  );
}

process.exitCode = await main();
