import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { REFUSED_REQUESTS } from "../../support/bad-requests.ts";
import {
  messageIdsOf,
  openHomeport,
  type ArchivedEvent,
  type Homeport,
  type TestSource,
} from "../../support/homeport.ts";
import { ODD_PROPERTIES, ODD_TIMESTAMPS } from "../../support/odd-values.ts";
import { jsonOf, sendRaw, type RawAnswer, type RawRequest } from "../../support/raw-request.ts";

let stack: Stack;
let homeport: Homeport;
/** Gets everything bad, and a good event after each. */
let source: TestSource;
let host: string;
const answers = new Map<string, RawAnswer>();
const answersToOdd = new Map<string, RawAnswer>();
const answersToGood: RawAnswer[] = [];
let archived: readonly ArchivedEvent[];
let archivedText: string;
let pidBefore: number;

const refusedRows = REFUSED_REQUESTS.map((row) => [row.name, row] as const);
const NEWLINES = /[\r\n]/;

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
  host = homeport.hostOf("eu1");
  pidBefore = await stack.workerdPid();
  source = await homeport.createSource(await homeport.createWorkspace("eu"));
  for (const { name, raw } of REFUSED_REQUESTS) {
    answers.set(name, await sendRaw(host, withKey(raw)));
    answersToGood.push(await sendGood(`after ${name}`.slice(0, 100)));
  }
  for (const [name, json] of ODD_PROPERTIES) {
    answersToOdd.set(name, await sendTrack(`odd ${name}`, `"properties":${json}`));
  }
  for (const [name, json] of ODD_TIMESTAMPS) {
    await sendTrack(`time ${name}`, `"timestamp":${json}`);
  }
  archived = await homeport.settledEvents(source);
  archivedText = (await homeport.files(source)).map(({ text }) => text).join("");
});

afterAll(async () => {
  await stack.stop();
});

function withKey(raw: RawRequest): RawRequest {
  if (typeof raw.body !== "string") return raw;
  return { ...raw, body: raw.body.replace("{{writeKey}}", source.writeKey) };
}

function sendTrack(messageId: string, members: string): Promise<RawAnswer> {
  const { writeKey } = source;
  const own = JSON.stringify({ writeKey, messageId, userId: "u", event: "E" });
  return sendRaw(host, { path: "/v1/track", body: `${own.slice(0, -1)},${members}}` });
}

const sendGood = (messageId: string): Promise<RawAnswer> => sendTrack(messageId, '"good":true');

function lineOf(messageId: string): string {
  const id = JSON.stringify(messageId);
  return archivedText.split("\n").find((line) => line.includes(`"messageId":${id}`)) ?? "";
}

describe("a request that cannot be taken", () => {
  it.each(refusedRows)("%s: gets an error that SDKs understand", (name, { status, code }) => {
    const answer = answers.get(name);

    expect(answer?.status).toBe(status);
    expect(answer?.headers["content-type"]).toBe("application/json");
    expect(answer && jsonOf(answer)).toEqual({
      success: false,
      code,
      message: expect.any(String),
      error: expect.any(String),
    });
  });

  it("names the methods that a path takes", () => {
    const answer = answers.get("GET of an event path");

    expect(answer?.headers["allow"]).toBe("POST, OPTIONS");
  });

  it("never stops the next good event", () => {
    expect(answersToGood.map(({ status }) => status)).toEqual(answersToGood.map(() => 200));
    const good = archived.filter((line) => line["good"] === true);
    const sent = REFUSED_REQUESTS.map(({ name }) => ({
      messageId: `after ${name}`.slice(0, 100),
    }));
    expect(messageIdsOf(good)).toEqual(messageIdsOf(sent));
  });

  it("never ends the program that runs the Worker", () => {
    expect(() => process.kill(pidBefore, 0)).not.toThrow();
  });

  it("stores nothing of what it refused", () => {
    const count = REFUSED_REQUESTS.length + ODD_PROPERTIES.length + ODD_TIMESTAMPS.length;

    expect(archived).toHaveLength(count);
  });

  it("never quotes what was sent", () => {
    const texts = REFUSED_REQUESTS.map(({ name }) => answers.get(name)?.body.toString("utf8"));

    expect(texts.filter((text) => text?.includes(source.writeKey))).toEqual([]);
    expect(texts.filter((text) => text?.includes("xxxx"))).toEqual([]);
  });
});

describe("an event that is odd, but JSON", () => {
  it.each(ODD_PROPERTIES)("%s: is stored letter by letter", (name, json) => {
    expect(answersToOdd.get(name)?.status).toBe(200);
    expect(lineOf(`odd ${name}`)).toContain(`"properties":${json}`);
  });

  it.each(ODD_TIMESTAMPS)(
    "%s as its time: happened when it came, and the time is kept",
    (name, json) => {
      const line = lineOf(`time ${name}`);

      const { receivedAt, timestamp } = JSON.parse(line) as ArchivedEvent;
      expect(line).toContain(`"originalTimestamp":${json}`);
      expect(timestamp).toBe(receivedAt);
    },
  );

  it("is one line of a file, whatever stands in it", () => {
    const lines = archivedText.split("\n").filter((line) => line !== "");

    expect(lines.filter((line) => NEWLINES.test(line))).toEqual([]);
    expect(lines.map((line): unknown => JSON.parse(line))).toHaveLength(archived.length + 1);
  });
});
