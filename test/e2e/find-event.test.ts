import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

describe("GET /api/v1/sources/:id/events/:messageId", () => {
  let stack: Stack;
  let homeport: Homeport;
  let source: TestSource;

  beforeAll(async () => {
    stack = await startStack({ vars: { SEAL_SECONDS: "2" } });
    homeport = openHomeport(stack);
    source = await homeport.createSource(await homeport.createWorkspace("eu"));
  });

  afterAll(() => stack.stop());

  function find(messageId: string) {
    const path = `/api/v1/sources/${source.id}/events/${encodeURIComponent(messageId)}`;
    return homeport.api(source.workspace.token, "GET", path);
  }

  async function send(messageId: string): Promise<void> {
    const event = { writeKey: source.writeKey, userId: "u", event: "Found", messageId };
    await fetch(`${stack.url}/v1/track`, { method: "POST", body: JSON.stringify(event) });
  }

  it("says that an accepted event waits in its queue", async () => {
    await send("waiting/1 ü");

    expect(await find("waiting/1 ü")).toMatchObject({
      status: 200,
      body: { state: "waiting", ingestRegion: "eu1", shard: 0 },
    });
  });

  it("names the archive file that holds it", async () => {
    await send("archived-1");
    await homeport.settledEvents(source);
    const [file] = await homeport
      .files(source)
      .then((files) => files.filter(({ text }) => text.includes('"archived-1"')));

    expect(await find("archived-1")).toMatchObject({
      status: 200,
      body: { state: "archived", file: { key: file?.key, location: "eu-west-1" } },
    });
  });

  it("answers 404 for a messageId that never came", async () => {
    expect(await find("never")).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});
