import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { runCrashRounds, seeded, type Ledger } from "./crash-rounds.ts";
import { duplicatesIn, openHomeport, type ArchivedEvent } from "./homeport.ts";

/** Printed with the title, so that a run can be repeated. */
const SEED = Number(process.env["CRASH_SEED"] ?? Date.now());

/** Kills workerd that often under load, and judges what is in the bucket afterwards. */
export function describeCrashes(rounds: number): void {
  describe(`${rounds} kills of workerd under load (CRASH_SEED=${SEED})`, () => {
    let stack: Stack;
    let ledger: Ledger;
    let archived: readonly ArchivedEvent[];

    beforeAll(async () => {
      stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
      const homeport = openHomeport(stack);
      const source = await homeport.createSource(await homeport.createWorkspace("eu"), {
        rate: 100_000,
      });
      ledger = await runCrashRounds(homeport, source, {
        rounds,
        loadMsMax: 1_500,
        clients: 8,
        random: seeded(SEED),
      });
      archived = await homeport.settledEvents(source);
    }, 1_800_000);

    afterAll(() => stack.stop());

    it("loses nothing that was acknowledged", () => {
      const found = new Set(archived.map(({ messageId }) => messageId));
      expect([...ledger.acknowledged].filter((id) => !found.has(id))).toEqual([]);
    });

    it("archives nothing twice", () => {
      expect(duplicatesIn(archived)).toEqual([]);
    });

    it("archives nothing that was not sent", () => {
      const invented = archived.filter(({ messageId }) => !ledger.sent.has(String(messageId)));
      expect(invented).toEqual([]);
    });

    it("was put under load at all", () => {
      expect(ledger.acknowledged.size).toBeGreaterThan(rounds * 20);
    });
  });
}
