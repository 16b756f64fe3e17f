import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { SyncsWorkerd } from "./syncs-workerd.ts";

/**
 * `npx -c 'node test/bench/syncs.ts'`: how fast the parts of a sync's diff are in workerd, each beside
 * its floor in the same run. `SYNC_ROWS` makes it shorter.
 */
const ROWS = Number(process.env["SYNC_ROWS"] ?? 1_000_000);
const ROUNDS = 3;
const TABLE = { rows: ROWS, salt: 1, changedEvery: 1_000, gone: 0 };
const CHANGED = { ...TABLE, salt: 2 };

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "homeport-syncs-"));
  const workerd = await SyncsWorkerd.start(directory);
  try {
    const first = await workerd.ask("one", { what: "accept", table: TABLE });
    print("first run, in order, all accepted", first.seconds);
    await compare("ordered merge, 0.1 % changed", {
      ours: () => workerd.ask("one", { what: "diff", table: CHANGED }),
      floor: () => workerd.ask("one", { what: "source", table: CHANGED }),
    });
    await compare("join by ranges, 0.1 % changed", {
      ours: () => workerd.ask("one", { what: "diff", table: CHANGED, engine: "partition_join" }),
      floor: () => workerd.ask("one", { what: "source", table: CHANGED, engine: "partition_join" }),
    });
    await compare("sums of the whole state", {
      ours: () => workerd.ask("one", { what: "sums", table: TABLE }),
      floor: () => workerd.ask("one", { what: "pages", table: TABLE }),
    });
    await compare("accepting all rows in any order, and folding them", {
      ours: async () => {
        await workerd.ask("two", { what: "clear" });
        return workerd.ask("two", { what: "fold", table: TABLE });
      },
      floor: () => workerd.ask("two", { what: "write-pages", table: TABLE }),
    });
    const hashed = await workerd.ask("one", { what: "hash", table: TABLE });
    print("hashing rows of 160 bytes in JS", hashed.seconds);
  } finally {
    await workerd.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

type Timed = () => Promise<{ readonly seconds: number }>;

async function compare(
  what: string,
  { ours, floor }: { ours: Timed; floor: Timed },
): Promise<void> {
  const times = { ours: [] as number[], floor: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.floor.push((await floor()).seconds);
    times.ours.push((await ours()).seconds);
  }
  const [best, bare] = [Math.min(...times.ours), Math.min(...times.floor)];
  print(what, best, bare);
}

function print(what: string, seconds: number, floorSeconds?: number): void {
  const floor =
    floorSeconds === undefined
      ? {}
      : {
          floorRowsPerSecond: Math.round(ROWS / floorSeconds),
          timesTheFloor: Math.round((seconds / floorSeconds) * 100) / 100,
        };
  console.log(what, { rowsPerSecond: Math.round(ROWS / seconds), ...floor });
}

await main();
