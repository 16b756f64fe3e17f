import fc from "fast-check";

import { lives, type Life, type RunPlan } from "./engine-model.ts";
import { EngineWorld } from "./engine-world.ts";

const QUIET: Omit<RunPlan, "engine" | "bits"> = {
  mutations: [],
  isFull: false,
  refusal: -1,
  crashes: [],
  crashStatement: undefined,
  batch: 3,
  tidySlices: 0,
  race: undefined,
};

/**
 * Whatever happened in runs before: after one that nothing disturbs the destination is as the source
 * says, another one sends nothing, and nothing was ever sent that had not changed since it was accepted.
 *
 * @throws Error that says what was wrong.
 */
export async function checkEngines(cases: number, seed?: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(lives, async (life) => {
      const world = new EngineWorld(life);
      for (const plan of life.runs) await world.run(plan);
      const last = life.runs.at(-1);
      const quiet: RunPlan = {
        ...QUIET,
        engine: last?.engine ?? "checksum",
        bits: last?.bits ?? 3,
      };
      await world.run(quiet);
      world.wrong.push(...differences(world, life));
      const again = await world.run({ ...quiet, engine: life.runs[0]?.engine ?? "checksum" });
      if (again.sent > 0) world.wrong.push(`${again.sent} sent although nothing changed`);
      if (world.wrong.length > 0) throw new Error(world.wrong.join("; "));
    }),
    { numRuns: cases, ...(seed === undefined ? {} : { seed }), interruptAfterTimeLimit: 1_500_000 },
  );
}

function differences(world: EngineWorld, { needs }: Life): readonly string[] {
  const wrong: string[] = [];
  const valid = world.valid();
  const duplicated = world.duplicated();
  for (const [keyHash, { rowHash }] of valid) {
    const there = world.destination.get(keyHash);
    if (there === undefined) wrong.push(`${keyHash} is missing`);
    else if (needs.updates && there.rowHash !== rowHash) wrong.push(`${keyHash} is not up to date`);
  }
  if (needs.gone === "delete") {
    for (const keyHash of world.destination.keys()) {
      if (!valid.has(keyHash) && !duplicated.has(keyHash)) wrong.push(`${keyHash} is left behind`);
    }
  }
  const { there } = world.state.counts();
  if (there !== world.accepted.size) wrong.push(`${there} counted, not ${world.accepted.size}`);
  return wrong;
}
