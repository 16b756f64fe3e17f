import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { WRANGLER_CLI, WRANGLER_ENV } from "./stack/bundle.ts";

/**
 * `npm run check:bundle`: builds the Worker as it is deployed and fails when its size, compressed as
 * the platform counts it, is above `homeport.bundleGzipKilobytesMax` of package.json. A Worker's
 * start takes time for each kilobyte, so growth has to be a decision.
 */
const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));
const BYTES_PER_KILOBYTE = 1000;

async function main(): Promise<number> {
  const max = kilobytesMax(await readFile(join(PROJECT_DIR, "package.json"), "utf8"));
  const folder = await mkdtemp(join(tmpdir(), "homeport-bundle-size-"));
  try {
    const worker = await build(folder);
    const kilobytes = gzipSync(worker, { level: 9 }).byteLength / BYTES_PER_KILOBYTE;
    const raw = Math.ceil(worker.byteLength / BYTES_PER_KILOBYTE);
    console.log(`The Worker has ${kilobytes.toFixed(1)} kB gzip (${raw} kB), at most ${max} kB.`);
    if (kilobytes <= max) return 0;
    console.error("Find out what grew, or raise homeport.bundleGzipKilobytesMax in package.json.");
    return 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All modules that are uploaded, one after the other. */
async function build(folder: string): Promise<Uint8Array> {
  const args = ["deploy", "--dry-run", "--minify", "--outdir", folder];
  await promisify(execFile)(process.execPath, [WRANGLER_CLI, ...args], {
    cwd: PROJECT_DIR,
    env: { ...process.env, ...WRANGLER_ENV, NO_COLOR: "1" },
  });
  const modules = (await readdir(folder)).filter((name) => /\.(js|wasm)$/.test(name));
  return Buffer.concat(await Promise.all(modules.map((name) => readFile(join(folder, name)))));
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
