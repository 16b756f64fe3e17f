import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { convertV4MiniflareOptions, Miniflare } from "miniflare";

import { bundle } from "./subjects.ts";
import { testSettings } from "./test-settings.ts";

/**
 * `npx -c 'node test/bench/catalogue.ts'`: a catalogue of a million files over 36 months in real
 * ArchiveMonth objects, and how long it takes to find the files of 5,000 ids in all of it, one month
 * after the other in one thread. Ends with 1 above a bound. `CATALOGUE_FILES` makes it smaller;
 * `BENCH_DIR` says on which disk it takes its 4 GB.
 */
const ENTRY = fileURLToPath(new URL("catalogue.worker.ts", import.meta.url));
const DIRECTORY_DEFAULT = fileURLToPath(new URL("../../.wrangler/catalogue", import.meta.url));

const FILES = Number(process.env["CATALOGUE_FILES"] ?? 1_000_000);
const MONTHS = 36;
const IDS = 5_000;
/** Of one call. */
const FILES_AT_ONCE = 2_000;
const DATABASE_BYTES_MAX = 2_000_000_000;
const LOOK_UP_SECONDS_MAX = 60;
const HASH_BYTES = 8;
/** Of the kernel's clock, in which it counts processor time. */
const TICKS_PER_SECOND = 100;

type Filled = { readonly users: number; readonly databaseBytes: number };
type Found = { readonly files: number; readonly examined: number };

async function main(): Promise<number> {
  const directory = join(process.env["BENCH_DIR"] ?? DIRECTORY_DEFAULT, "catalogue");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const miniflare = await start(directory);
  const order = async <T>(body: object): Promise<T> => {
    const text = JSON.stringify(body);
    const answer = await miniflare.dispatchFetch("http://bench/", { method: "POST", body: text });
    if (!answer.ok) throw new Error(`Cannot measure: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  try {
    const { users, databaseBytesMax } = await fill(order);
    const hashes = [...randomBytes(IDS * HASH_BYTES)];
    const cpuBefore = cpuSecondsOfChildren();
    const began = performance.now();
    let [files, examined] = [0, 0];
    for (const month of monthsOf()) {
      const found = await order<Found>({ how: "find", month, hashes });
      files += found.files;
      examined += found.examined;
    }
    const seconds = (performance.now() - began) / 1000;
    const cpuSeconds = cpuSecondsOfChildren() - cpuBefore;
    if (examined !== FILES)
      throw new Error(`Cannot measure: ${examined} of ${FILES} were examined`);
    console.log({
      files: FILES,
      months: MONTHS,
      usersPerFile: Math.round(users / FILES),
      largestObjectMegabytes: Math.round(databaseBytesMax / 1e6),
      ids: IDS,
      lookUpSeconds: Math.round(seconds * 10) / 10,
      // What it takes of a processor, whatever else the machine does.
      lookUpCpuSeconds: Math.round(cpuSeconds * 10) / 10,
      filesFoundByChance: files,
    });
    return databaseBytesMax < DATABASE_BYTES_MAX && seconds <= LOOK_UP_SECONDS_MAX ? 0 : 1;
  } finally {
    await miniflare.dispose();
    await rm(directory, { recursive: true, force: true });
  }
}

async function fill(order: <T>(body: object) => Promise<T>) {
  const files = Math.ceil(FILES / MONTHS);
  let [users, databaseBytesMax] = [0, 0];
  for (const [i, month] of monthsOf().entries()) {
    const end = Math.min(files, FILES - i * files);
    for (let from = 0; from < end; from += FILES_AT_ONCE) {
      const to = Math.min(from + FILES_AT_ONCE, end);
      const filled = await order<Filled>({ how: "fill", month, from, to, files });
      users += filled.users;
      databaseBytesMax = Math.max(databaseBytesMax, filled.databaseBytes);
    }
  }
  return { users, databaseBytesMax };
}

/** Processor time of workerd so far; on Linux only. */
function cpuSecondsOfChildren(): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
  const ticks = children
    .split(" ")
    .filter(Boolean)
    .map((pid) => {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [user = "0", system = "0"] = stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14);
      return Number(user) + Number(system);
    });
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}

function monthsOf(): readonly string[] {
  return Array.from({ length: MONTHS }, (_, i) => {
    const month = String((i % 12) + 1).padStart(2, "0");
    return `${2024 + Math.floor(i / 12)}-${month}`;
  });
}

async function start(directory: string): Promise<Miniflare> {
  const { script, wasm } = await bundle(ENTRY);
  const object = (className: string) => ({ className, useSQLite: true });
  return new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      modules: [
        { type: "ESModule", path: "worker.js", contents: script },
        ...Array.from(wasm, ([path, contents]) => ({
          type: "CompiledWasm" as const,
          path,
          contents,
        })),
      ],
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["nodejs_compat"],
      bindings: testSettings(),
      resourcePersistencePath: directory,
      durableObjects: {
        WORKSPACE: object("Workspace"),
        ARCHIVE: object("Archive"),
        ARCHIVE_MONTH: object("BenchMonth"),
      },
    }),
  );
}

process.exit(await main());
