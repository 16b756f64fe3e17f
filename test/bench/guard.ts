import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { CASES, median } from "./cases.ts";
import type { Rounds } from "./ingest.ts";
import type { LoadGenerator } from "./load.ts";
import { startOurs, type Ours, type Way } from "./subjects.ts";

/** What the guard's evidence costs at 100 events a request. */
export type GuardFigures = {
  readonly withEvidence: number;
  readonly withoutEvidence: number;
  /** Events a second with evidence to those without, the median of the rounds. */
  readonly ratio: number;
  /**
   * Processor time of an event, with evidence to without; it says the same on a machine that does
   * other things besides, where rates say little.
   */
  readonly cpuRatio: number;
};

const WITH = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
const WITHOUT = fileURLToPath(new URL("./no-evidence.ts", import.meta.url));

type Side = {
  readonly ours: Ours;
  readonly way: Way;
  readonly rates: number[];
  readonly cpu: number[];
};

/**
 * Ours against ours without evidence, in turns, both built in the same way. Files are sealed
 * meanwhile, or nothing would be contacted.
 */
export async function measureGuard(
  directory: string,
  load: LoadGenerator,
  { rounds, seconds }: Rounds,
  vars: Readonly<Record<string, string>>,
): Promise<GuardFigures> {
  const { events, connections } = CASES["100"];
  const sides: Side[] = [];
  try {
    for (const entry of [WITH, WITHOUT]) {
      const folder = join(directory, entry === WITH ? "guard-with" : "guard-without");
      const ours = await startOurs(folder, { vars, entry });
      const way = await ours.way("guard", events);
      sides.push({ ours, way, rates: [], cpu: [] });
      // Once before it counts: compiled code is what a busy Worker runs.
      await load.run({ port: ours.workerd.port, ...way, events, connections, seconds });
      ours.workerd.pause();
    }
    for (let round = 0; round < rounds; round++) {
      for (const { ours, way, rates, cpu } of round % 2 === 0 ? sides : sides.toReversed()) {
        ours.workerd.resume();
        const { port, pid } = ours.workerd;
        const before = await ticksOf(pid);
        const result = await load.run({ port, ...way, events, connections, seconds });
        rates.push(result.eventsPerSecond);
        cpu.push(((await ticksOf(pid)) - before) / result.events);
        ours.workerd.pause();
      }
    }
    const [held, bare] = sides;
    if (held === undefined || bare === undefined)
      throw new Error("Cannot compare: a side is missing");
    return {
      withEvidence: median(held.rates),
      withoutEvidence: median(bare.rates),
      ratio: median(held.rates.map((rate, round) => rate / (bare.rates[round] ?? rate))),
      cpuRatio: median(held.cpu) / median(bare.cpu),
    };
  } finally {
    for (const { ours } of sides) {
      ours.workerd.resume();
      await ours.stop();
    }
  }
}

/** Processor time that a process has used, in the kernel's ticks. */
async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11)
    .map(Number);
  return user + system;
}
