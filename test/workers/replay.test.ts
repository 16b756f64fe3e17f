import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { Replay } from "../../durable-objects/replay.ts";
import { Workspace } from "../../durable-objects/workspace.ts";
import { call } from "./support/api.ts";
import { DAY_MS, ReplayWorld } from "./support/replay.ts";

let world: ReplayWorld;

beforeEach(async () => {
  world = await ReplayWorld.make();
});

describe("a replay", () => {
  it("sends every archived event of its range, also to a destination that is off", async () => {
    await world.addFile([{ messageId: "a" }, { messageId: "b" }]);
    await world.addFile([{ messageId: "c" }]);
    await world.until(await world.begin(), "done");

    expect(world.ids().toSorted((a, b) => a.localeCompare(b))).toEqual(["a", "b", "c"]);
  });

  it("sends none that was received before or after", async () => {
    await world.addFile([{ messageId: "early" }, { messageId: "in" }, { messageId: "late" }]);
    const from = new Date(DAY_MS + 60_000).toISOString();
    const to = new Date(DAY_MS + 120_000).toISOString();
    await world.until(await world.begin({ from, to }), "done");

    expect(world.ids()).toEqual(["in"]);
  });

  it("sends only the types and names that were asked for", async () => {
    await world.addFile([
      { messageId: "page", type: "page", name: "Order" },
      { messageId: "order", event: "Order" },
      { messageId: "other", event: "Other" },
    ]);
    await world.until(await world.begin({ types: ["track"], names: ["Order"] }), "done");

    expect(world.ids()).toEqual(["order"]);
  });

  it("addresses events to this destination alone", async () => {
    await world.addFile([{ messageId: "a", integrations: { All: true, Other: true } }]);
    await world.until(await world.begin(), "done");

    const [only] = world.got;
    expect(Object.entries(only?.body["integrations"] ?? {})).toEqual([
      ["All", false],
      [expect.any(String), true],
    ]);
  });

  it("sends no event of a user who is suppressed now", async () => {
    await world.addFile([
      { messageId: "theirs", userId: "u1" },
      { messageId: "ours", userId: "u11" },
    ]);
    const suppress = { regulationType: "SUPPRESS_ONLY", subjectType: "USER_ID" };
    const body = { ...suppress, subjectIds: ["u1"] };
    await call("POST", "/api/v1/regulations", { token: world.token, body });
    const { counts } = await world.until(await world.begin(), "done");

    expect([world.ids(), counts]).toMatchObject([["ours"], { delivered: 1, filtered: 1 }]);
  });

  it("sends nothing while it cannot be known whether somebody was suppressed since", async () => {
    await world.addFile([
      { messageId: "theirs", userId: "u1" },
      { messageId: "ours", userId: "u11" },
    ]);
    world.answer = () => new Response("", { status: 503 });
    const id = await world.begin();
    await world.slice(id);
    const suppress = { regulationType: "SUPPRESS_ONLY", subjectType: "USER_ID" };
    const body = { ...suppress, subjectIds: ["u1"] };
    await call("POST", "/api/v1/regulations", { token: world.token, body });
    const laneConfig = vi.spyOn(Workspace.prototype, "laneConfig");
    laneConfig.mockRejectedValue(new Error("out of reach"));
    world.got = [];
    world.answer = () => new Response("ok");
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 30_000);
    await world.slice(id);
    const before = world.ids();
    laneConfig.mockRestore();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 60_000);
    await world.until(id, "done");

    expect([before, world.ids()]).toEqual([[], ["ours"]]);
  });

  it("says that its destination is unavailable for as long as it is", async () => {
    await world.addFile([{ messageId: "a" }]);
    world.answer = () => new Response("", { status: 503 });
    const id = await world.begin();
    await world.slice(id);
    const laneConfig = vi.spyOn(Workspace.prototype, "laneConfig");
    laneConfig.mockRejectedValue(new Error("out of reach"));
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 30_000);
    await world.slice(id);
    const during = await world.show(id);
    laneConfig.mockRestore();
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 60_000);
    await world.slice(id);

    const after = await world.show(id);
    expect([during["error"], after["error"]]).toEqual(["destination_unavailable", null]);
  });

  it("sends the same idempotency key as any other delivery of the event", async () => {
    await world.addFile([{ messageId: "a" }]);
    await world.until(await world.begin(), "done");
    await world.until(await world.begin(), "done");

    expect(world.got[0]?.key).toBe(world.got[1]?.key);
  });

  it("counts what a destination gives up", async () => {
    await world.addFile([{ messageId: "a" }, { messageId: "b" }]);
    world.answer = (event) => new Response("", { status: event["messageId"] === "a" ? 400 : 200 });
    const { counts } = await world.until(await world.begin(), "done");

    expect(counts).toMatchObject({ files: 1, events: 2, delivered: 1, failed: 1 });
  });

  it("goes on after an eviction without leaving anything out", async () => {
    await world.addFile([{ messageId: "a" }]);
    await world.addFile([{ messageId: "b" }]);
    const id = await world.begin();
    await evictDurableObject(world.stub(id));
    await world.until(id, "done");

    expect(world.ids().toSorted((a, b) => a.localeCompare(b))).toEqual(["a", "b"]);
  });

  it("leaves its turn when it is done", async () => {
    await world.addFile([{ messageId: "a" }]);
    await world.until(await world.begin(), "done");

    expect(await world.archive.jobs()).toEqual([]);
  });
});

describe("a dry run", () => {
  it("counts by type, and sends nothing", async () => {
    await world.addFile([{ messageId: "a" }, { messageId: "b", type: "page" }, { messageId: "c" }]);
    const replay = await world.until(await world.begin({ dryRun: true }), "planned");

    expect([world.ids(), replay]).toMatchObject([
      [],
      { planned: { files: 1, events: 3 }, dryRun: { events: 3, byType: { track: 2, page: 1 } } },
    ]);
  });

  it("is followed by the replay once somebody starts it", async () => {
    await world.addFile([{ messageId: "a" }]);
    const id = await world.begin({ dryRun: true });
    await world.until(id, "planned");
    await world.act(id, "start");
    await world.until(id, "done");

    expect(world.ids()).toEqual(["a"]);
  });
});

describe("a paused replay", () => {
  it("holds no turn and sends nothing", async () => {
    await world.addFile([{ messageId: "a" }]);
    const id = await world.begin();
    await world.act(id, "pause");
    await world.slice(id);

    expect([await world.archive.jobs(), (await world.show(id))["state"]]).toEqual([[], "paused"]);
  });

  it("goes on when it is resumed", async () => {
    await world.addFile([{ messageId: "a" }]);
    const id = await world.begin();
    await world.act(id, "pause");
    await world.act(id, "resume");
    await world.until(id, "done");

    expect(world.ids()).toContain("a");
  });

  it("cannot be resumed once it was cancelled", async () => {
    const id = await world.begin();
    await world.act(id, "cancel");
    const { status, body } = await world.act(id, "resume");

    expect([status, body.code]).toEqual([409, "replay_state"]);
  });
});

describe("a replay that is started while its object is at work", () => {
  it("begins by itself after a slice that did not see it any more", async () => {
    await world.addFile([{ messageId: "a" }]);
    const id = await world.begin({ dryRun: true });
    await world.until(id, "planned");
    await runInDurableObject(world.stub(id), async (replay) => {
      if (!(replay instanceof Replay)) throw new Error("Cannot test: this is no replay");
      const slice = replay.alarm();
      await replay.act("start");
      await slice;
    });

    await vi.waitFor(() => expect(world.ids()).toEqual(["a"]), { timeout: 5_000 });
  });

  it("begins although its alarm rings while what was given free is overwritten", async () => {
    await world.addFile([{ messageId: "a" }]);
    const id = await world.begin({ dryRun: true });
    await world.until(id, "planned");
    await runInDurableObject(world.stub(id), async (replay) => {
      if (!(replay instanceof Replay)) throw new Error("Cannot test: this is no replay");
      const scrub = replay.scrub();
      await replay.act("start");
      const rang = replay.alarm();
      await Promise.all([scrub, rang]);
    });

    expect(world.ids()).toEqual(["a"]);
  });
});
