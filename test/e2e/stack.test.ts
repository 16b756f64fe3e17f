import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { plainCall } from "../support/raw-s3.ts";
import { readBucket } from "../support/read-bucket.ts";

/** The stack is tested with a Worker of a few lines, so that only the stack can be at fault. */
const CONFIG_PATH = fileURLToPath(
  new URL("../workers/stand-in-worker/wrangler.toml", import.meta.url),
);

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({
    configPath: CONFIG_PATH,
    outbound: {
      "vendor.example": async ({ method }) => ({
        status: method === "GET" ? 204 : 405,
        headers: {},
        body: Buffer.alloc(0),
      }),
      "broken.example": () => Promise.reject(new Error("Cannot answer: broken on purpose")),
    },
  });
});

afterAll(async () => {
  await stack.stop();
});

beforeEach(() => {
  stack.recorder.clear();
});

const post = async (path: string, body = ""): Promise<string> =>
  (await fetch(stack.url + path, { method: "POST", body })).text();
const words = async (): Promise<unknown> => (await fetch(`${stack.url}/words`)).json();

describe("startStack()", () => {
  it("lets the Worker write a signed object to the local bucket of its region", async () => {
    await post("/archive", '{"word":"to be kept"}\n');

    const location = "eu-west-1";
    const access = {
      endpoint: stack.aws.endpoints[location],
      location,
      credentials: stack.aws.credentials.eu,
    };
    const files = await readBucket(access, "homeport-eu-west-1");
    expect(files.flatMap(({ lines }) => lines)).toEqual([{ word: "to be kept" }]);
  });

  it("hands a compressed object back to the Worker as it was before", async () => {
    await post("/archive", "compressed on the way");

    expect(await (await fetch(`${stack.url}/read`)).text()).toBe("compressed on the way");
  });

  it("records host, method and bytes of what goes out", async () => {
    await post("/archive", "12345");

    const { host } = new URL(stack.aws.endpoints["eu-west-1"]);
    expect(stack.recorder.calls()).toMatchObject([
      { host, method: "PUT", requestBytes: 25, status: 200, outcome: "routed" },
    ]);
  });

  it("refuses and records a host without a route", async () => {
    const status = await post("/call?url=https://elsewhere.example/path");

    expect(status).toBe("403");
    expect(stack.recorder.calls()).toMatchObject([
      { host: "elsewhere.example", path: "/path", outcome: "refused" },
    ]);
  });

  it("hands a host with a route of its own to that route", async () => {
    expect(await post("/call?url=https://vendor.example/")).toBe("204");
  });

  it("records a route that fails, and the Worker does not see a success", async () => {
    await post("/call?url=https://broken.example/");

    expect(stack.recorder.calls()).toMatchObject([{ host: "broken.example", outcome: "failed" }]);
  });

  it("shows the Worker the host that the client asked for", async () => {
    const host = `events.eu1.localhost:${stack.port}`;

    expect((await plainCall(stack.url, "GET", "/host", { host })).body).toBe(host);
  });

  it("runs the scheduled handler when asked", async () => {
    await stack.runCron();

    expect(await words()).toContain("cron");
  });

  it("refuses a port that is taken", async () => {
    const second = startStack({ configPath: CONFIG_PATH, port: stack.port });

    await expect(second).rejects.toThrow(`Cannot use port ${stack.port}`);
  });

  it("keeps what was answered before a kill, on the same port, after a restart", async () => {
    await post("/append", "before the kill");
    const pid = await stack.workerdPid();

    await stack.kill();
    const dead = fetch(`${stack.url}/words`);
    await expect(dead).rejects.toThrow();
    await stack.restart();

    expect(await words()).toContain("before the kill");
    expect(await stack.workerdPid()).not.toBe(pid);
  });
});
