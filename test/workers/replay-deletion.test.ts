import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { ReplayWorld } from "./support/replay.ts";

const DELETION = { id: "reg_eu_bcjfgb5z16mzdcx9aaaaaaaaaa", kind: "deletion" } as const;

let world: ReplayWorld;

beforeEach(async () => {
  world = await ReplayWorld.make();
});

describe("a replay beside a deletion", () => {
  it("waits for one that came first, and says so", async () => {
    await world.addFile([{ messageId: "a" }]);
    await world.archive.enterJob(DELETION);
    const id = await world.begin();
    await world.slice(id);

    expect([world.ids(), await world.show(id)]).toMatchObject([
      [],
      { state: "running", waitsFor: DELETION },
    ]);
  });

  it("begins by itself once that has left", async () => {
    await world.addFile([{ messageId: "a" }]);
    await world.archive.enterJob(DELETION);
    const id = await world.begin();
    await world.slice(id);
    await world.archive.leaveJob(DELETION.id);

    await vi.waitFor(() => expect(world.ids()).toEqual(["a"]), { timeout: 5_000 });
  });

  it("gives its turn to one that comes while it runs, between two files", async () => {
    const { archive } = world;
    await world.addFile([{ messageId: "a" }]);
    await world.addFile([{ messageId: "b" }]);
    let isHeld = true;
    world.answer = async () => {
      while (isHeld) await scheduler.wait(5);
      return new Response("ok");
    };
    const id = await world.begin();
    const slice = world.slice(id);
    await vi.waitFor(() => expect(world.ids()).toEqual(["a"]), { timeout: 5_000 });
    await archive.enterJob(DELETION);
    isHeld = false;
    await slice;
    await vi.waitFor(async () =>
      expect(await archive.enterJob(DELETION)).toEqual({ kind: "running" }),
    );

    expect(world.ids()).toEqual(["a"]);
  });

  it("reads a file anew that was rewritten while events of it waited", async () => {
    const key = await world.addFile([{ messageId: "theirs" }, { messageId: "ours" }]);
    world.answer = () => new Response("", { status: 503 });
    const id = await world.begin();
    await world.slice(id);
    await world.archive.enterJob(DELETION);
    await world.slice(id);
    await world.putFile(key, [{ messageId: "ours" }]);
    world.got = [];
    world.answer = () => new Response("ok");
    await evictDurableObject(world.stub(id));
    await world.archive.leaveJob(DELETION.id);
    await world.until(id, "done");

    expect(world.ids()).toEqual(["ours"]);
  });
});
