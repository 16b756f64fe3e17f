import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { ForgettingWorld, Sink, SINK_HOST } from "../support/forgetting-world.ts";

/** Occurs nowhere else, so that it can be looked for as bytes. */
const UNIQUE = "unique-e51c7b";

/** Each id, how events name it, and events that only look as if they did. */
const CASES = [
  {
    id: "42",
    about: [
      '"userId":42',
      '"userId":"42"',
      '"userId":"\\u0034\\u0032"',
      '"userId":"x","previousId":"42"',
    ],
    others: ['"userId":420', '"userId":"142"', '"userId":"4","traits":{"n":42}', '"userId":"42 "'],
  },
  {
    id: "12345678901234567890",
    about: ['"userId":12345678901234567890', '"userId":"12345678901234567890"'],
    others: ['"userId":12345678901234567891', '"userId":"1234567890123456789"'],
  },
  {
    id: "ann",
    about: ['"userId":"ann"', '"userId":"\\u0061nn"', '"\\u0075serId":"ann"'],
    others: ['"userId":"anna"', '"userId":"Ann"', '"userId":"joann"', '"anonymousId":"ann"'],
  },
  {
    id: 'q"ü\\\n',
    about: ['"userId":"q\\"ü\\\\\\n"', '"userId":"q\\u0022\\u00fc\\u005c\\u000a"'],
    others: ['"userId":"q\\"ü\\\\"', '"userId":"qü"'],
  },
  {
    id: UNIQUE,
    about: [`"userId":"${UNIQUE}"`, `"userId":"other","previousId":"${UNIQUE}"`],
    others: ['"userId":"unique-e51c7c"', '"userId":"unique-"'],
  },
] as const;

let number = 0;

/** A track event with those members. */
function event(members: string): string {
  number += 1;
  return `{"type":"track","event":"Seen","messageId":"m-${number}",${members}}`;
}

describe("a deletion by ids of every kind", () => {
  let stack: Stack;
  let world: ForgettingWorld;
  const sink = new Sink();

  beforeAll(async () => {
    stack = await startStack({
      vars: { SEAL_SECONDS: "2" },
      outbound: { [SINK_HOST]: (request) => sink.answer(request) },
    });
  });

  afterAll(() => stack.stop());

  beforeEach(async () => {
    sink.takesEvents = false;
    world = await ForgettingWorld.make(stack);
  });

  it("leaves no event of theirs, read as JSON, and every other line as it was", async () => {
    const about = CASES.flatMap((each) => each.about).map(event);
    const others = CASES.flatMap((each) => each.others).map(event);
    await world.sendTexts([...about, ...others]);
    await world.homeport.settledEvents(world.source);
    await world.deadLetters(about.length + others.length + 1);
    const before = await world.lines();
    const ids: ReadonlySet<unknown> = new Set(CASES.map(({ id }) => id));
    const isAbout = (line: string): boolean => {
      const read = JSON.parse(line) as Record<string, unknown>;
      const { userId, previousId } =
        (read["event"] ?? {}) instanceof Object ? (read["event"] as Record<string, unknown>) : read;
      // JavaScript cannot hold the longest of the numbers, so its digits are looked for.
      const isLong =
        line.includes('"userId":12345678901234567890,') ||
        line.includes('"userId":12345678901234567890}');
      return isLong || ids.has(String(userId)) || ids.has(previousId);
    };

    const found = await world.finished(await world.forget([...ids].map(String)));

    const after = await world.lines();
    expect(found["status"]).toBe("FINISHED");
    expect(before.filter(isAbout).length).toBe(2 * about.length);
    expect(after.toSorted()).toEqual(before.filter((line) => !isAbout(line)).toSorted());
    expect(after.filter((line) => line.includes(UNIQUE))).toEqual([]);
  });

  it("takes nothing of them in while and after it runs, and no replay brings one back", async () => {
    sink.takesEvents = true;
    const users = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? UNIQUE : `user-${i}`));
    await world.send(users);
    await world.homeport.settledEvents(world.source);
    const isTheirs = ({ userId }: Readonly<Record<string, unknown>>): boolean => userId === UNIQUE;

    const before = await world.replay({ rate: 5 });
    const id = await world.forget([UNIQUE]);
    const during = await world.replay();
    await world.send([UNIQUE]);
    await world.finished(id);
    const settled = sink.got.length;
    await world.send([UNIQUE, "later"]);
    await world.homeport.settledEvents(world.source);
    const after = await world.replay();
    for (const replay of [before, during, after]) await world.replayed(replay);

    expect(sink.got.slice(settled).filter(isTheirs)).toEqual([]);
    const others = sink.got.filter(({ userId }) => String(userId).startsWith("user-"));
    // Each once when it came in, and once with each replay.
    expect(others.length).toBeGreaterThanOrEqual(
      4 * users.filter((user) => user !== UNIQUE).length,
    );
    expect((await world.lines()).filter((line) => line.includes(UNIQUE))).toEqual([]);
    const { "refused suppressed": refused } = await world.homeport.counters(world.source);
    expect(refused).toBeGreaterThanOrEqual(1);
  });
});
