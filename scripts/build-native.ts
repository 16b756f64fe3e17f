import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * `npm run build:native` compiles src/core/native/assembly to native.wasm, which is kept in the
 * repository so that nobody has to build it before the first start. With `--check` it only says
 * whether the kept file is what the sources give.
 */
const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));
const NATIVE_DIR = join(PROJECT_DIR, "src", "core", "native");
const COMPILER = join(PROJECT_DIR, "node_modules", "assemblyscript", "bin", "asc.js");

/** No runtime and no imports: the module is functions over a memory that the host lays out. */
const OPTIONS = ["--runtime", "stub", "--use", "abort=", "-O3", "--noAssert"].concat(
  ["simd", "bulk-memory"].flatMap((feature) => ["--enable", feature]),
);

async function main(): Promise<number> {
  const built = await compile();
  const kept = join(NATIVE_DIR, "native.wasm");
  if (!process.argv.includes("--check")) {
    await writeFile(kept, built);
    console.log(`Wrote src/core/native/native.wasm, ${built.byteLength} bytes.`);
    return 0;
  }
  if (built.equals(await readFile(kept))) {
    console.log(`native.wasm is what its sources give, ${built.byteLength} bytes.`);
    return 0;
  }
  console.error(
    "native.wasm is not what its sources give: run npm run build:native and commit it.",
  );
  return 1;
}

async function compile(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "homeport-native-"));
  try {
    const out = join(folder, "native.wasm");
    const entry = join("src", "core", "native", "assembly", "index.ts");
    const args = [COMPILER, entry, "-o", out, ...OPTIONS];
    await promisify(execFile)(process.execPath, args, { cwd: PROJECT_DIR });
    return await readFile(out);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
