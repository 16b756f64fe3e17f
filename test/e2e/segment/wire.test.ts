import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import {
  messageIdsOf,
  openHomeport,
  type Homeport,
  type TestSource,
} from "../../support/homeport.ts";
import { jsonOf, sendRaw, type RawRequest } from "../../support/raw-request.ts";

let stack: Stack;
let homeport: Homeport;
let source: TestSource;
let host: string;

const ORIGIN = "https://shop.example";

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
  host = homeport.hostOf("eu1");
  source = await homeport.createSource(await homeport.createWorkspace("eu"), { pixel: true });
});

afterAll(async () => {
  await stack.stop();
});

const eventBody = (messageId: string): string =>
  JSON.stringify({ writeKey: source.writeKey, messageId, userId: "u", event: "E" });

/** Writes bytes to the port, ends, and returns whatever came back. */
async function talk(text: string): Promise<string> {
  const socket = connect(stack.port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    answer += chunk;
  });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.end(text, "latin1");
  await once(socket, "close");
  return answer;
}

function post(headers: readonly string[], body: string): string {
  const { host: name } = new URL(host);
  return [
    "POST /v1/track HTTP/1.1",
    `Host: ${name}`,
    ...headers,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}

const preflight = (path: string, headers: Readonly<Record<string, string>> = {}): RawRequest => ({
  method: "OPTIONS",
  path,
  headers: { origin: ORIGIN, "access-control-request-method": "POST", ...headers },
});

describe("a Content-Length that lies", () => {
  it("names more than comes: nothing of it is stored", async () => {
    await talk(post(["Content-Length: 10000"], eventBody("too-short")));

    expect(messageIdsOf(await homeport.settledEvents(source))).not.toContain("too-short");
  });

  it("names less than comes: 400, and nothing of it is stored", async () => {
    const answer = await talk(post(["Content-Length: 20"], eventBody("too-long")));

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(messageIdsOf(await homeport.settledEvents(source))).not.toContain("too-long");
  });

  it.each(["-1", "abc", "1e3", "99999999999999999999"])("is %s: refused", async (length) => {
    const answer = await talk(post([`Content-Length: ${length}`], eventBody("not-a-number")));

    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
    expect(messageIdsOf(await homeport.settledEvents(source))).not.toContain("not-a-number");
  });

  it("breaks off within a chunk: nothing of it is stored", async () => {
    const body = `ffff\r\n${eventBody("broken-chunk")}`;

    await talk(post(["Transfer-Encoding: chunked"], body));

    expect(messageIdsOf(await homeport.settledEvents(source))).not.toContain("broken-chunk");
  });
});

describe("CORS", () => {
  it.each(["/v1/t", "/v1/b", "/v1/batch", "/v1/m", "/b"])(
    "answers the preflight of %s",
    async (path) => {
      const asked = { "access-control-request-headers": "authorization,content-type,x-mine" };

      const { status, headers } = await sendRaw(host, preflight(path, asked));

      expect(status).toBe(204);
      expect(headers).toMatchObject({
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": expect.stringContaining("POST"),
        "access-control-allow-headers": expect.stringMatching(
          /(?=.*authorization)(?=.*content-type)(?=.*x-retry-count)(?=.*x-mine)/,
        ),
        "access-control-max-age": "86400",
      });
    },
  );

  it.each([
    ["a success", () => eventBody("cors")],
    ["an error", () => "not JSON"],
  ])("lets the page read %s", async (_, body) => {
    const headers = { origin: ORIGIN, "content-type": "text/plain" };

    const answer = await sendRaw(host, { path: "/v1/t", headers, body: body() });

    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": expect.stringContaining("Retry-After"),
    });
  });
});

describe("the pixel", () => {
  const pixel = (query: string): RawRequest => ({
    method: "GET",
    path: `/v1/pixel/track?${query}`,
  });

  it.each([
    ["nothing", ""],
    ["data that is not base64", "data=%25%25%25"],
    ["data that is not JSON", "data=aGVsbG8"],
    ["an unknown key", "writeKey=unknown&userId=u&event=E"],
    ["an event without user", "writeKey={{writeKey}}&event=E"],
    ["names nested without end", `writeKey={{writeKey}}&${"a.".repeat(2000)}b=1`],
    ["__proto__ as a name", "writeKey={{writeKey}}&event=E&__proto__.x=1"],
  ])("answers 200 and its GIF to %s", async (_, query) => {
    const { status, headers, body } = await sendRaw(
      host,
      pixel(query.replace("{{writeKey}}", source.writeKey)),
    );

    expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "image/gif" });
    expect(body.toString("latin1", 0, 6)).toBe("GIF89a");
  });

  it("is off in eu unless switched on: answers its GIF, stores nothing, counts", async () => {
    const closed = await homeport.createSource(source.workspace);

    const { body } = await sendRaw(host, pixel(`writeKey=${closed.writeKey}&userId=u&event=E`));

    expect(body.toString("latin1", 0, 6)).toBe("GIF89a");
    expect(await homeport.settledEvents(closed)).toEqual([]);
    expect(await homeport.counters(closed)).toMatchObject({ "refused pixel_off": 1 });
  });
});

describe("an answer", () => {
  it("to what was taken is 200 and nothing but success", async () => {
    const answer = await sendRaw(host, { path: "/v1/track", body: eventBody("plain") });

    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(jsonOf(answer)).toEqual({ success: true });
  });
});
