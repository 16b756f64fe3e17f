import { describe, expect, it } from "vitest";

import type { AppendAnswer } from "../../../../src/ingest/append.ts";
import type { SourceConfig } from "../../../../src/workspace/source-config.ts";
import { appendOf, printOf } from "../../../support/appends.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { QueueModel } from "../../../support/queue-model.ts";
import { World } from "../../../support/queue-world.ts";
import { routeOf, sourceConfigOf } from "../../../support/source-configs.ts";

const NOON = Date.UTC(2026, 10, 22, 12);

function queueOf(changes: Partial<SourceConfig> = {}): QueueModel {
  return new QueueModel(new NodeStorage(), new World(), { nowMs: NOON }, sourceConfigOf(changes));
}

/** What a request is counted for besides its events. */
const COUNTED = { refused: { event_not_string: 2 }, noted: { repaired_batch: 1 } };

describe("what a request is counted for", () => {
  it("is counted with the events that are taken", () => {
    const queue = queueOf();

    queue.append(appendOf(["a"], COUNTED));

    expect(queue.counters.read()).toEqual([
      { step: "noted", code: "repaired_batch", count: 1 },
      { step: "refused", code: "event_not_string", count: 2 },
    ]);
  });

  const kept: readonly [AppendAnswer["kind"], Partial<SourceConfig>][] = [
    ["moved", { route: routeOf({ n: 2 }) }],
    ["unavailable", { route: routeOf({ state: "fencing" }) }],
  ];
  it.each(kept)("is not counted yet when the answer is %s: it comes again", (kind, config) => {
    const queue = queueOf(config);

    const answer = queue.append(appendOf(["a"], COUNTED));

    expect([answer.kind, queue.counters.read()]).toEqual([kind, []]);
  });

  it("is not counted yet when the source is over its rate: it comes again", () => {
    const queue = queueOf({ ratePerSecond: 1 });
    queue.append(appendOf(Array.from({ length: 2_500 }, (_, i) => `m${i}`)));

    queue.append(appendOf(["a"], COUNTED));

    expect(queue.counters.read()).toEqual([
      { step: "refused", code: "too_many_requests", count: 1 },
    ]);
  });
});

describe("the place a request came in at", () => {
  const edge = { colo: "DUB", outcome: "accepted" } as const;

  it("is counted once for all events of the request", () => {
    const queue = queueOf();

    queue.append(appendOf(["a", "b", "c"], { edge }));

    expect(queue.edges).toEqual([edge]);
  });

  it("is not counted for what is not taken", () => {
    const queue = queueOf({ route: routeOf({ n: 2 }) });

    queue.append(appendOf(["a"], { edge }));

    expect(queue.edges).toEqual([]);
  });

  it("is not counted when the Worker judged none", () => {
    const queue = queueOf();

    queue.append(appendOf(["a"]));

    expect(queue.edges).toEqual([]);
  });
});

describe("a queue whose storage is nearly full", () => {
  it("lets the client keep its events, and stores none", () => {
    const queue = queueOf();
    queue.isFull = true;

    const answer = queue.append(appendOf(["a"]));

    expect(answer).toMatchObject({ kind: "unavailable", reason: "backlog" });
    expect(queue.storage.log.nextSeq).toBe(1);
  });
});

describe("events of a suppressed user", () => {
  /** {@link appendOf} names each event's user by the first half of its fingerprint. */
  function suppressing(messageId: string): QueueModel {
    const queue = queueOf();
    queue.suppressions.take({ version: 1, hashes: printOf(messageId).slice(0, 8) });
    return queue;
  }

  it("are answered as taken and not stored", () => {
    const queue = suppressing("b");

    const answer = queue.append(appendOf(["a", "b", "c"]));

    expect(answer).toEqual({ kind: "accepted", accepted: 2, duplicates: 0 });
    expect(queue.storage.log.nextSeq).toBe(3);
  });

  it("are counted", () => {
    const queue = suppressing("b");

    queue.append(appendOf(["a", "b"]));

    expect(queue.counters.read()).toEqual([{ step: "refused", code: "suppressed", count: 1 }]);
  });

  it("are not remembered, so that one sent again after the suppression was lifted is stored", () => {
    const queue = suppressing("b");
    queue.append(appendOf(["b"]));
    queue.suppressions.take({ version: 2, hashes: new Uint8Array() });

    expect(queue.append(appendOf(["b"]))).toEqual({ kind: "accepted", accepted: 1, duplicates: 0 });
  });
});
