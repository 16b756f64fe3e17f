import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import {
  messageIdsOf,
  openHomeport,
  type Homeport,
  type TestSource,
  type TestWorkspace,
} from "../../support/homeport.ts";
import { jsonOf, sendRaw, type RawAnswer } from "../../support/raw-request.ts";

let stack: Stack;
let homeport: Homeport;
let workspace: TestWorkspace;
let source: TestSource;

/** Longer than the 5 s in which a change has to be in force everywhere. */
const IN_FORCE = { timeout: 20_000, interval: 200 };

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
  workspace = await homeport.createWorkspace("eu");
  source = await homeport.createSource(workspace);
});

afterAll(async () => {
  await stack.stop();
});

function track(
  writeKey: string | undefined,
  messageId: string,
  header?: string,
): Promise<RawAnswer> {
  const body = JSON.stringify({ writeKey, messageId, userId: "u", event: "E" });
  const basic = Buffer.from(`${header}:`).toString("base64");
  const headers: Record<string, string> =
    header === undefined ? {} : { authorization: `Basic ${basic}` };
  return sendRaw(homeport.hostOf("eu1"), { path: "/v1/track", body, headers });
}

async function codeOf(answer: Promise<RawAnswer>): Promise<unknown> {
  const { status, ...got } = await answer;
  return [status, jsonOf({ status, ...got })["code"]];
}

/** The key with another last letter: it looks right, and its check does not hold. */
function forged({ writeKey }: TestSource): string {
  return writeKey.slice(0, -1) + (writeKey.endsWith("0") ? "1" : "0");
}

describe("a write key", () => {
  it("is asked for when there is none", async () => {
    expect(await codeOf(track(undefined, "none"))).toEqual([401, "missing_write_key"]);
  });

  it.each(["x", "YWJjZGVmZ2hpamtsbW5vcHFy", "wk_eu_", "wk_fr_0123456789"])(
    "of somebody else is refused: %s",
    async (writeKey) => {
      expect(await codeOf(track(writeKey, "foreign"))).toEqual([403, "unknown_source"]);
    },
  );

  it("that was forged is refused, in the body and in the header", async () => {
    expect(await codeOf(track(forged(source), "forged"))).toEqual([403, "forged_write_key"]);
    expect(await codeOf(track(undefined, "forged", forged(source)))).toEqual([
      403,
      "forged_write_key",
    ]);
  });

  it("in the header counts, whatever stands in the body", async () => {
    expect(await codeOf(track(source.writeKey, "two", forged(source)))).toEqual([
      403,
      "forged_write_key",
    ]);
  });

  it("that was revoked is refused, while the next one goes on, and all accepted is kept", async () => {
    const rotated = await homeport.createSource(workspace);
    const path = `/api/v1/sources/${rotated.id}/write-keys`;
    await track(rotated.writeKey, "before");
    const { body } = await homeport.api(workspace.token, "POST", path);
    await homeport.api(workspace.token, "DELETE", `${path}/1`);

    const refused = (): Promise<unknown> => codeOf(track(rotated.writeKey, "before"));
    await expect.poll(refused, IN_FORCE).toEqual([403, "write_key_revoked"]);
    const next = { ...rotated, writeKey: String(body["writeKey"]) };
    const answer = await track(next.writeKey, "after");

    expect(answer.status).toBe(200);
    expect(messageIdsOf(await homeport.settledEvents(next))).toEqual(["after", "before"]);
  });

  it("of a source that is switched off is refused, and works when it is on again", async () => {
    const paused = await homeport.createSource(workspace);
    const path = `/api/v1/sources/${paused.id}`;
    await track(paused.writeKey, "before");

    await homeport.api(workspace.token, "PATCH", path, { enabled: false });
    const refused = (): Promise<unknown> => codeOf(track(paused.writeKey, "before"));
    await expect.poll(refused, IN_FORCE).toEqual([403, "source_disabled"]);
    await homeport.api(workspace.token, "PATCH", path, { enabled: true });
    const accepted = async (): Promise<number> => (await track(paused.writeKey, "after")).status;
    await expect.poll(accepted, IN_FORCE).toBe(200);

    expect(messageIdsOf(await homeport.settledEvents(paused))).toEqual(["after", "before"]);
  });

  it("of a deleted source is refused", async () => {
    const deleted = await homeport.createSource(workspace);

    await homeport.api(workspace.token, "DELETE", `/api/v1/sources/${deleted.id}`);

    const status = async (): Promise<number> => (await track(deleted.writeKey, "late")).status;
    await expect.poll(status, IN_FORCE).toBe(403);
  });

  it("is not even looked at on a host that is not ours", async () => {
    const body = JSON.stringify({ writeKey: source.writeKey, userId: "u", event: "E" });
    const headers = { host: "events.example.net" };

    const answer = sendRaw(stack.url, { path: "/v1/track", body, headers });

    expect(await codeOf(answer)).toEqual([421, "unknown_host"]);
  });

  it("stores nothing when it is refused", async () => {
    expect(await homeport.settledEvents(source)).toEqual([]);
  });
});
