import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";

const SCHEMA = {
  events: { "Order Completed": ["total"] },
  unplannedEvents: "block",
  blockedEvents: [],
  unplannedProperties: "omit",
} as const;

describe("a source's schema", () => {
  let stack: Stack;
  let homeport: Homeport;
  let source: TestSource;

  beforeAll(async () => {
    stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
    homeport = openHomeport(stack);
    source = await homeport.createSource(await homeport.createWorkspace("eu"));
    const path = `/api/v1/sources/${source.id}`;
    await homeport.api(source.workspace.token, "PATCH", path, { schema: SCHEMA });
    await send("Other", { email: "blocked@example.com" });
    await send("Order Completed", { total: 7, email: "omitted@example.com" });
  });

  afterAll(() => stack.stop());

  async function send(event: string, properties: Readonly<Record<string, unknown>>): Promise<void> {
    const body = { writeKey: source.writeKey, userId: "u", event, properties };
    await fetch(`${stack.url}/v1/track`, { method: "POST", body: JSON.stringify(body) });
  }

  it("is what decides of what is archived", async () => {
    expect(await homeport.waitForEvents(source, 1)).toMatchObject([
      {
        event: "Order Completed",
        properties: { total: 7 },
        context: { protocols: { omitted: ["properties.email"] } },
      },
    ]);
  });

  it("leaves no byte of what it stops in the bucket", async () => {
    await homeport.waitForEvents(source, 1);

    const files = await homeport.files(source);

    expect(files.filter(({ text }) => text.includes("@example.com"))).toEqual([]);
  });

  it("is counted by Segment's code", async () => {
    await expect.poll(() => homeport.counters(source)).toMatchObject({ "refused unplanned": 1 });
  });
});
