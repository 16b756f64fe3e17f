import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../../support/homeport.ts";
import { jsonOf, sendRaw, type RawAnswer, type RawRequest } from "../../support/raw-request.ts";

let stack: Stack;
let homeport: Homeport;
let source: TestSource;

/** As the tracking API promises them; not imported from the code under test. */
const BODY_BYTES_MAX = 512_000;
const EVENT_BYTES_MAX = 32_768;
const EVENTS_MAX = 2500;

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
});

afterAll(async () => {
  await stack.stop();
});

async function newSource(settings = {}): Promise<TestSource> {
  source = await homeport.createSource(await homeport.createWorkspace("eu"), settings);
  return source;
}

function send(items: readonly string[], more: Partial<RawRequest> = {}): Promise<RawAnswer> {
  const body = `{"writeKey":"${source.writeKey}","batch":[${items.join(",")}]}`;
  return sendRaw(homeport.hostOf("eu1"), { path: "/v1/batch", body, ...more });
}

const item = (members: string): string => `{"type":"track","userId":"u","event":"E",${members}}`;

/** An event of exactly so many bytes of JSON. */
function sized(messageId: string, bytes: number): string {
  const rest = item(`"messageId":"${messageId}","t":""`);
  return item(`"messageId":"${messageId}","t":"${"x".repeat(bytes - rest.length)}"`);
}

describe("limits of a batch", () => {
  it("2,501 events: answers 200, keeps 2,500 and counts the one more", async () => {
    await newSource();

    const answer = await send(Array.from({ length: EVENTS_MAX + 1 }, (_, n) => item(`"n":${n}`)));

    expect(jsonOf(answer)).toEqual({ success: true });
    expect(await homeport.settledEvents(source)).toHaveLength(EVENTS_MAX);
    expect(await homeport.counters(source)).toMatchObject({ "refused too_many_events": 1 });
  });

  it("keeps an event of 32,768 bytes, and beside it counts one a byte larger", async () => {
    await newSource();

    const answer = await send([
      sized("fits", EVENT_BYTES_MAX),
      sized("too-large", EVENT_BYTES_MAX + 1),
    ]);

    expect(jsonOf(answer)).toEqual({ success: true });
    expect(await homeport.settledEvents(source)).toMatchObject([{ messageId: "fits" }]);
    expect(await homeport.counters(source)).toMatchObject({ "refused event_too_large": 1 });
  });

  it.each([{ gzip: false }, { gzip: true }, { chunked: true }])(
    "takes a body of 512,000 bytes: %o",
    async (more) => {
      await newSource();
      const events = Array.from({ length: 15 }, (_, n) => sized(`event-${n}`, EVENT_BYTES_MAX));
      const empty = `{"writeKey":"${source.writeKey}","batch":[${events.join(",")},]}`;
      const body = empty.replace(",]", `,${sized("last", BODY_BYTES_MAX - empty.length)}]`);

      const answer = await sendRaw(homeport.hostOf("eu1"), { path: "/v1/import", body, ...more });

      expect(Buffer.byteLength(body)).toBe(BODY_BYTES_MAX);
      expect(jsonOf(answer)).toEqual({ success: true });
      expect(await homeport.settledEvents(source)).toHaveLength(16);
    },
  );

  it("takes a messageId of 100 characters as it is", async () => {
    await newSource();
    const messageId = "m".repeat(100);

    await send([item(`"messageId":"${messageId}"`)]);

    expect(await homeport.settledEvents(source)).toMatchObject([{ messageId }]);
  });
});

describe("events that Segment drops silently", () => {
  it("are answered 200, are not stored, and are counted by Segment's codes", async () => {
    await newSource();

    const answer = await send([
      '{"type":"track","event":"E"}',
      '{"type":"track","userId":"u"}',
      '{"type":"track","userId":"u","event":7}',
      '{"type":"group","userId":"u"}',
      '{"type":"identify","userId":"u","traits":[]}',
      item('"properties":[]'),
      "7",
      item('"messageId":"kept"'),
    ]);

    expect(jsonOf(answer)).toEqual({ success: true });
    expect(await homeport.settledEvents(source)).toMatchObject([{ messageId: "kept" }]);
    expect(await homeport.counters(source)).toMatchObject({
      "refused no_user_anon_id": 1,
      "refused event_not_defined": 1,
      "refused event_not_string": 1,
      "refused id_required": 1,
      "refused traits_not_object": 1,
      "refused properties_not_object": 1,
      "refused bad_request": 1,
    });
  });

  it("make the whole request an error in strict mode, with the item, and store nothing of it", async () => {
    await newSource();

    const answer = await send([item('"messageId":"good"'), '{"type":"track","event":"E"}'], {
      headers: { "x-strict-mode": "1" },
    });

    expect(answer.status).toBe(400);
    expect(jsonOf(answer)).toMatchObject({
      code: "no_user_anon_id",
      message: expect.stringContaining("batch[1]"),
    });
    expect(await homeport.settledEvents(source)).toEqual([]);
  });

  it("an empty batch is answered 200 and counted", async () => {
    await newSource();

    const answer = await send([]);

    expect(jsonOf(answer)).toEqual({ success: true });
    expect(await homeport.counters(source)).toMatchObject({ "refused empty_batch": 1 });
  });
});

describe("the rate of a source", () => {
  it("above it: 429 with the seconds in both headers, and nothing of the request is stored", async () => {
    await newSource({ rate: 1 });
    const first = Array.from({ length: EVENTS_MAX }, (_, n) => item(`"n":${n}`));
    await send(first);
    // Whatever the clock gave back meanwhile is used up, and more is owed.
    await send(Array.from({ length: 100 }, (_, n) => item(`"n":${n}`)));

    const answer = await send([item('"messageId":"refused"')]);

    const { "retry-after": retryAfter, "x-ratelimit-reset": reset } = answer.headers;
    expect({ status: answer.status, code: jsonOf(answer)["code"] }).toEqual({
      status: 429,
      code: "too_many_requests",
    });
    expect(Number(retryAfter)).toBeGreaterThanOrEqual(1);
    expect(reset).toBe(retryAfter);
    const stored = await homeport.waitForEvents(source, EVENTS_MAX);
    expect(stored.filter(({ messageId }) => messageId === "refused")).toEqual([]);
  });
});
