import { beforeEach, describe, expect, it, vi } from "vitest";

import { call } from "./support/api.ts";
import { errorXml } from "./support/fake-s3.ts";
import { Sink } from "./support/sink.ts";

const USER = { type: "USER_ID", ids: ["u1"] } as const;

let sink: Sink;

beforeEach(async () => {
  sink = await Sink.open();
});

function lane() {
  const { destinationId, sourceId } = sink;
  return sink.services.lane({ destinationId, sourceId, ingestRegion: "eu1", shard: 0 });
}

/** Events whose dead letters stand in a file. */
async function storeLetters(messageIds: readonly string[]): Promise<void> {
  sink.answer = () => new Response("", { status: 400 });
  await sink.append(messageIds);
  await vi.waitFor(async () => expect((await sink.status()).deadLetters).toBe(messageIds.length));
  await vi.waitFor(async () => {
    await sink.pass(31_000);
    expect((await lane().deadLetters()).map(({ state }) => state)).toEqual(["stored"]);
  });
}

/** The messageIds of all dead letters. */
async function letters(): Promise<readonly unknown[]> {
  const found = await lane().searchDeadLetters({ limit: 10 });
  return found.map(({ event }) => (event as Record<string, unknown>)["messageId"]);
}

describe("forget()", () => {
  it("takes the user's events out of what waits for a retry, and sends the others", async () => {
    sink.answer = () => new Response("", { status: 503 });
    await sink.append(["u1-a", "u11-a"]);
    await vi.waitFor(async () => expect((await sink.status()).waitingEvents).toBe(2));

    const forgotten = await lane().forget(USER);

    sink.answer = () => new Response("ok");
    sink.got = [];
    await vi.waitFor(async () => {
      await sink.pass(60_000);
      expect((await sink.status()).waitingEvents).toBe(0);
    });
    expect(forgotten).toEqual({ isClean: true, erased: 1 });
    expect(sink.ids()).toEqual(["u11-a"]);
  });

  it("takes them out of dead letters that gather", async () => {
    sink.answer = () => new Response("", { status: 400 });
    await sink.append(["u1-a", "u11-a"]);
    await vi.waitFor(async () => expect((await sink.status()).deadLetters).toBe(2));

    await lane().forget(USER);

    expect(await letters()).toEqual(["u11-a"]);
  });

  it("takes them out of files of dead letters", async () => {
    await storeLetters(["u1-a", "u11-a"]);

    const forgotten = await lane().forget(USER);

    expect(forgotten).toEqual({ isClean: true, erased: 1 });
    expect([await letters(), (await sink.status()).deadLetters]).toEqual([["u11-a"], 1]);
  });

  it("is not clean while versions stay that hold them, and says which right is missing", async () => {
    await storeLetters(["u1-a", "u11-a"]);
    const { intercept } = sink.s3;
    let isAllowed = false;
    let older = 0;
    // A bucket that keeps versions, and one of the file beside the one that readers find.
    sink.s3.intercept = async (request) => {
      const params = new URL(request.url).searchParams;
      if (params.has("versions")) {
        const key = `<Key>${params.get("prefix")}</Key>`;
        if (!isAllowed) return errorXml(403, "AccessDenied");
        return new Response(
          `<ListVersionsResult><Version>${key}<VersionId>1</VersionId><IsLatest>false</IsLatest></Version></ListVersionsResult>`,
        );
      }
      if (request.method === "POST" && (await request.clone().text()).includes("<VersionId>1")) {
        older += 1;
        return new Response("<DeleteResult/>");
      }
      return intercept(request);
    };
    const nameVersions = (): void => {
      for (const [url, { bytes, headers }] of sink.s3.objects) {
        sink.s3.put(url, bytes, { ...headers, "x-amz-version-id": "2" });
      }
    };
    nameVersions();

    const refused = await lane().forget(USER);
    nameVersions();
    isAllowed = true;
    const forgotten = await lane().forget(USER);

    expect(refused).toEqual({ isClean: false, erased: 1, error: "needs-s3:ListBucketVersions" });
    expect([forgotten, older]).toEqual([{ isClean: true, erased: 0 }, 1]);
  });

  it("leaves nothing of them to a PUT of such a file that lands late elsewhere", async () => {
    const lost = sink.s3.loseNextPut("/dead-letters/");
    sink.answer = () => new Response("", { status: 400 });
    await sink.append(["u1-a", "u11-a"]);
    await vi.waitFor(async () => {
      await sink.pass(31_000);
      expect((await lane().deadLetters()).map(({ state }) => state)).toEqual(["stored"]);
    });

    const forgotten = await lane().forget(USER);
    const landed = await lost.land();

    expect([forgotten, landed.status]).toEqual([{ isClean: true, erased: 1 }, 412]);
  });

  it("keeps no sample of the last failure", async () => {
    sink.answer = () => new Response("", { status: 400 });
    await sink.append(["u1-a"]);
    await vi.waitFor(async () => expect(await lane().sample()).toBeDefined());

    await lane().forget(USER);

    expect(await lane().sample()).toBeUndefined();
  });
});

describe("forgetAtDestination()", () => {
  it("says NOT_SUPPORTED of a destination that was deleted", async () => {
    await call("DELETE", `/api/v1/destinations/${sink.destinationId}`, { token: sink.token });

    expect(await lane().forgetAtDestination(USER, 0)).toEqual({
      status: "NOT_SUPPORTED",
      error: "destination_deleted",
    });
  });

  it("goes on with the user that was not answered for", async () => {
    sink.answer = () => new Response("", { status: sink.got.length === 2 ? 503 : 200 });

    const asked = await lane().forgetAtDestination({ type: "USER_ID", ids: ["a", "b", "c"] }, 0);

    expect(asked).toMatchObject({ status: "RUNNING", next: 1 });
  });
});
