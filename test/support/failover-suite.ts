import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type LocatedFile, type TestSource } from "./homeport.ts";
import { beginOutage, landingsOf, type Landings } from "./outage.ts";
import { SteadyLoad } from "./steady-load.ts";

export type FailoverPlan = {
  readonly eventsPerSecond: number;
  readonly healthyMs: number;
  readonly refusesMs: number;
  readonly lateMs: number;
  /** Kills of workerd, spread over the outage. */
  readonly kills: number;
};

/** Times of the product's own, shortened in the same proportion to each other. */
const VARS = {
  SEAL_SECONDS: "1",
  ARCHIVE_TIMEOUT_SECONDS: "1",
  ARCHIVE_PROBE_SECONDS: "3",
  SUSPECT_SECONDS: "8",
};
/** After the second at which senders give up, and before suspects are checked. */
const LANDS_AFTER_MS = 4_000;
const POLL_MS = 250;
const WAIT_MS_MAX = 120_000;

/** A primary location that refuses, then takes PUTs late, while events keep coming. */
export function describeFailover(plan: FailoverPlan): void {
  describe(`fail-over, ${plan.eventsPerSecond} events/s, ${plan.kills} kills`, () => {
    let stack: Stack;
    let homeport: Homeport;
    let source: TestSource;
    let load: SteadyLoad;
    let files: readonly LocatedFile[];
    let landings: Landings;
    let landedBefore: number;
    let suspectsSeen = 0;

    beforeAll(async () => {
      stack = await startStack({ vars: VARS });
      homeport = openHomeport(stack);
      source = await homeport.createSource(await homeport.createWorkspace("eu"), {
        rate: 100_000,
      });
      const { url } = stack;
      load = new SteadyLoad({ url, writeKey: source.writeKey, ...plan });
      load.start();
      await pause(plan.healthyMs);
      await beginOutage(stack.aws, "eu-west-1", { kind: "refuses" });
      await passWithKills(stack, plan.refusesMs, Math.ceil(plan.kills / 2));
      await beginOutage(stack.aws, "eu-west-1", { kind: "late", ms: LANDS_AFTER_MS });
      await passWithKills(stack, plan.lateMs, Math.floor(plan.kills / 2));
      suspectsSeen = await openSuspects(homeport, source);
      await stack.aws.clearFaults();
      landedBefore = dublin(await landingsOf(stack.aws, source.id, 0)).length;
      await until("files go to eu-west-1 again", async () => {
        const { landed } = await landingsOf(stack.aws, source.id, 0);
        // More than those that were on their way when the outage ended.
        return (landed.get("eu-west-1") ?? []).length > landedBefore + 3;
      });
      await load.stop();
      await homeport.settledEvents(source);
      await until("no suspect is open", async () => (await openSuspects(homeport, source)) === 0);
      files = await homeport.files(source);
      landings = await landingsOf(stack.aws, source.id, 0);
    }, 1_800_000);

    afterAll(() => stack.stop());

    it("loses nothing that was acknowledged", () => {
      const found = new Set(idsIn(files));
      expect([...load.acknowledged].filter((id) => !found.has(id))).toEqual([]);
    });

    it("archives nothing twice over both locations", () => {
      const ids = idsIn(files);
      expect(ids.length).toBe(new Set(ids).size);
    });

    it("leaves no key at both locations", () => {
      const keys = files.map(({ key }) => key);
      expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    });

    it("took events at that rate all the while", () => {
      const seconds = (plan.healthyMs + plan.refusesMs + plan.lateMs) / 1000;
      expect(load.acknowledged.size).toBeGreaterThan(seconds * plan.eventsPerSecond);
    });

    it("used the second location meanwhile", () => {
      expect(files.filter(({ location }) => location === "eu-central-1").length).toBeGreaterThan(0);
    });

    it("had PUTs that landed late, knew of them, and removed exactly those", () => {
      const copies = landings.second.map((key) => `eu-west-1/${key}`);
      expect([copies.length > 0, suspectsSeen > 0, landings.removed.toSorted()]).toEqual([
        true,
        true,
        copies.toSorted(),
      ]);
    });

    it("is back at the first location", async () => {
      const last = files.toSorted((a, b) => lastSeqOf(a) - lastSeqOf(b)).at(-1);
      expect(last?.location).toBe("eu-west-1");
    });

    it("lists every file where it stands", async () => {
      const path = `/api/v1/sources/${source.id}/files?limit=1000`;
      const { body } = await homeport.api(source.workspace.token, "GET", path);
      const listed = body["data"] as readonly LocatedFile[];
      const names = (each: readonly LocatedFile[]): readonly string[] =>
        each.map(({ location, key }) => `${location}/${key}`).toSorted();

      expect(names(listed)).toEqual(names(files));
    });

    it("stored nothing in the other region", async () => {
      expect(await homeport.otherBucketsAreEmpty("eu")).toBe(true);
    });
  });
}

async function passWithKills(stack: Stack, ms: number, kills: number): Promise<void> {
  for (let n = 0; n < kills; n++) {
    await pause(ms / (kills + 1));
    await stack.kill();
    await stack.restart();
  }
  await pause(ms / (kills + 1));
}

async function openSuspects(homeport: Homeport, source: TestSource): Promise<number> {
  const path = `/api/v1/sources/${source.id}/files/suspects`;
  const { body } = await homeport.api(source.workspace.token, "GET", path);
  return Number(body["open"]);
}

function dublin({ landed }: Landings): readonly string[] {
  return landed.get("eu-west-1") ?? [];
}

function idsIn(files: readonly LocatedFile[]): readonly string[] {
  return files.flatMap(({ lines }) =>
    (lines as readonly { readonly messageId: string; readonly event: string }[]).map(
      ({ messageId }) => messageId,
    ),
  );
}

function lastSeqOf({ key }: LocatedFile): number {
  return Number(/-(\d+)\.gz$/.exec(key)?.[1]);
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + WAIT_MS_MAX;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`Cannot wait longer until ${what}`);
    await pause(POLL_MS);
  }
}
