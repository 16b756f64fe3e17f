import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { Fault } from "../../scripts/local-aws/faults.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { ForgettingWorld, Sink, SINK_HOST } from "../support/forgetting-world.ts";

const USER = "forget-me-7f3a91";
const OTHERS = [`${USER}0`, `x${USER}`, USER.toUpperCase()];
const HELD_MS = 15_000;
const WAIT = { timeout: 60_000, interval: 50 };

/** One moment of a deletion, and how it is held until the kill. */
type Moment = {
  readonly name: string;
  /** Held at the bucket; below the source's prefix when it says no other. */
  readonly fault?: Omit<Fault, "effect" | "times">;
  readonly prefix?: string;
  /** Events of the user that wait in the queue when the deletion is asked for. */
  readonly isWaiting?: true;
  readonly linkedAnonymousIds?: true;
  /** Resolves in that moment. */
  readonly at: (world: Held) => Promise<void>;
};

type Held = { readonly world: ForgettingWorld; readonly id: string; readonly sink: Sink };

const step =
  (name: string) =>
  async ({ world, id }: Held): Promise<void> => {
    await world.reaches(id, name);
    // Until the request of that step is at the bucket.
    await pause(700);
  };

/** Until the bucket holds so many lines of the user, whatever the product was told. */
const lines =
  (of: (files: readonly string[]) => boolean) =>
  async ({ world }: Held): Promise<void> => {
    await vi.waitFor(async () => expect(of(await world.lines())).toBe(true), WAIT);
  };

const isOfUser = (line: string): boolean => line.includes(JSON.stringify(USER));

const MOMENTS: readonly Moment[] = [
  { name: "when it was only asked for", at: async () => undefined },
  {
    name: "between the writing of a sealed range and its record",
    fault: { operation: "PutObject", when: "after" },
    isWaiting: true,
    at: lines((all) => all.some((line) => line.includes("waiting"))),
  },
  {
    name: "while files are read for linked ids",
    fault: { operation: "GetObject", when: "before" },
    linkedAnonymousIds: true,
    at: step("link"),
  },
  {
    name: "while a file is read",
    fault: { operation: "GetObject", when: "before" },
    at: step("archive"),
  },
  {
    name: "before a file is written",
    fault: { operation: "PutObject", when: "before" },
    at: step("archive"),
  },
  {
    name: "between the writing of a file and its record",
    fault: { operation: "PutObject", when: "after" },
    at: lines((all) => !all.some((line) => isOfUser(line) && !line.includes('"deadLetter'))),
  },
  {
    name: "while dead letters are read",
    fault: { operation: "GetObject", when: "before" },
    prefix: "dead-letters/",
    at: step("lanes"),
  },
  {
    name: "between the writing of dead letters and their record",
    fault: { operation: "PutObject", when: "after" },
    prefix: "dead-letters/",
    at: lines((all) => !all.some(isOfUser)),
  },
  {
    name: "while a destination is asked",
    at: async ({ sink }) => {
      await vi.waitFor(() => expect(sink.forgot.length).toBeGreaterThan(0), WAIT);
    },
  },
];

describe("a deletion that is killed", () => {
  let stack: Stack;
  let sink: Sink;
  let world: ForgettingWorld;

  beforeAll(async () => {
    const answer = (request: Parameters<Sink["answer"]>[0]) => sink.answer(request);
    stack = await startStack({ vars: { SEAL_SECONDS: "2" }, outbound: { [SINK_HOST]: answer } });
  });

  afterAll(() => stack.stop());

  beforeEach(async () => {
    sink = new Sink();
    sink.takesEvents = false;
    world = await ForgettingWorld.make(stack);
    await world.send([USER, ...OTHERS]);
    await world.homeport.settledEvents(world.source);
    await world.deadLetters(OTHERS.length + 2);
  });

  it.each(MOMENTS)("$name goes on, and leaves nothing of the user", async (moment) => {
    const before = await world.lines();
    const { fault, isWaiting, linkedAnonymousIds = false } = moment;
    if (fault !== undefined) {
      const keyPrefix = `segment-logs/${world.source.id}/${moment.prefix ?? "1"}`;
      const effect = { kind: "delay", ms: HELD_MS } as const;
      await stack.aws.fault({ ...fault, keyPrefix, effect, times: 1 });
    }
    sink.before = () => pause(moment.name.includes("destination") ? 3_000 : 0);
    if (isWaiting === true) await world.send([USER, "waiting"]);
    const id = await world.forget([USER], { linkedAnonymousIds });

    await moment.at({ world, id, sink });
    await stack.kill();
    await stack.aws.clearFaults();
    await stack.restart();
    const { status, certificate } = await world.finished(id);

    const after = await world.lines();
    const kept = before.filter((line) => !isOfUser(line));
    expect([status, after.filter(isOfUser)]).toEqual(["FINISHED", []]);
    expect(kept.filter((line) => !after.includes(line))).toEqual([]);
    const { counts } = JSON.parse(String(certificate)) as { counts: Record<string, number> };
    expect(counts["eventsErased"]).toBe(isWaiting === true ? 2 : 1);
  });
});
