import { describe, expect, it } from "vitest";

import { repairBatch } from "../../../src/ingest/repair-batch.ts";
import { EU_SOURCE, codeOf, TestTracking, writeKeyOf } from "../../support/tracking.ts";

const KEY = writeKeyOf(EU_SOURCE);
const END = `],"sentAt":"2026-08-10T00:00:00Z","writeKey":"${KEY}"}`;

function eventText(messageId: string): string {
  return `{"type":"page","userId":"u","messageId":"${messageId}"}`;
}

const A = eventText("a");
const B = eventText("b");

function post(body: string): { tracking: TestTracking; response: Promise<Response> } {
  const tracking = new TestTracking();
  return { tracking, response: tracking.fetch("/v1/batch", { method: "POST", body }) };
}

describe("a damaged batch", () => {
  it.each([
    ["a comma before the first event", `{"batch":[\n,${A}\n,${B}${END}`],
    ["a missing comma", `{"batch":[${A}${B}${END}`],
    ["a doubled comma", `{"batch":[${A},,${B}${END}`],
    ["a comma after the last event", `{"batch":[${A},${B},${END}`],
    ["NULs between events", `{"batch":[${A},\n${"\0".repeat(60)},${B}${END}`],
    ["NULs behind", `{"batch":[${A},${B}${END}${"\0".repeat(60)}`],
    ["two envelopes in a row", `{"batch":[${A}${END}{"batch":[${B}${END}`],
    ["two envelopes, damaged themselves", `\0{"batch":[,${A}${END},\n{"batch":[${B},${END}`],
  ])("is repaired and counted: %s", async (_title, body) => {
    const { tracking, response } = post(body);

    expect((await response).status).toBe(200);
    expect(tracking.events.map((event) => event["messageId"])).toEqual(["a", "b"]);
    expect(tracking.noted).toEqual({ repaired_batch: 1 });
  });

  it("of two envelopes gives each event its own envelope's sentAt", async () => {
    const second = END.replace("2026-08-10", "2026-08-11");

    const { tracking, response } = post(`{"batch":[${A}${END}{"batch":[${B}${second}`);

    await response;
    expect(tracking.events.map((event) => event["sentAt"])).toEqual([
      "2026-08-10T00:00:00Z",
      "2026-08-11T00:00:00Z",
    ]);
  });

  it.each([
    ["cut off", `{"batch":[${A},{"type":"pa`],
    ["beginning in the middle", `,${A},${B}${END}`],
    ["with rubbish between events", `{"batch":[${A},x,${B}${END}`],
    ["with rubbish behind", `{"batch":[${A}${END}x`],
    ["with a NUL in a string", `{"batch":[{"type":"pa\0ge","userId":"u"}${END}`],
    ["with a NUL in an event", `{"batch":[{"type":\0"page","userId":"u"}${END}`],
    ["with damage inside an event", `{"batch":[{"type":"page",,"userId":"u"}${END}`],
    ["with a text for an event", `{"batch":["x",,${A}${END}`],
    ["with a list for an event", `{"batch":[[],,${A}${END}`],
    ["with damage in the envelope", `{"batch":[${A}],"sentAt":,"writeKey":"${KEY}"}`],
    ["with batch twice in one envelope", `{"batch":[${A},,${B}],"batch":[]}`],
    ["of two envelopes with two keys", `{"batch":[${A}${END}{"batch":[${B}],"writeKey":"k"}`],
    ["of two envelopes, one without a batch", `{"batch":[${A}${END}{"writeKey":"${KEY}"}`],
  ])("is refused as a whole when it is %s", async (_title, body) => {
    const { tracking, response } = post(body);

    expect([(await response).status, await codeOf(await response), tracking.lines]).toEqual([
      400,
      "bad_request",
      [],
    ]);
  });

  it("is not repaired for a single call, which has no batch", async () => {
    const response = await new TestTracking().post("/v1/page", `,${A}`);

    expect(response.status).toBe(400);
  });
});

describe("repairBatch()", () => {
  it("takes whole envelopes for what they are", () => {
    const envelope = `{"batch":[${A},${B}${END}`;

    const repaired = repairBatch(new TextEncoder().encode(envelope));

    expect(repaired?.map((bytes) => new TextDecoder().decode(bytes))).toEqual([envelope]);
  });
});
