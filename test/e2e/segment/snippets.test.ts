import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../../support/homeport.ts";
import { EVERY_CALL } from "../../support/sdks/calls.ts";
import { NODE_SDKS } from "../../support/sdks/node-sdks.ts";

const PROJECT_DIR = fileURLToPath(new URL("../../..", import.meta.url));
/** The names that a program of its own finds in no resolver. */
const LOCALHOST_NAMES = `import { resolveLocalhostNames } from "./test/support/localhost-lookup.ts";
resolveLocalhostNames();
`;

const HAS_CURL = spawnSync("curl", ["--version"]).status === 0;
if (!HAS_CURL) console.warn("NOT TESTED: the snippet for curl, because there is no curl");

let stack: Stack;
let homeport: Homeport;

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
});

afterAll(() => stack.stop());

type Snippet = {
  readonly sdk: string;
  readonly code: string;
  readonly settings: readonly { readonly option: string; readonly value: string }[];
};

async function newSource(region: "eu" | "us", settings = {}): Promise<TestSource> {
  return homeport.createSource(await homeport.createWorkspace(region), settings);
}

async function snippetOf({ id, workspace }: TestSource, sdk: string): Promise<Snippet> {
  const path = `/api/v1/sources/${id}/snippets`;
  const { body } = await homeport.api(workspace.token, "GET", path);
  const found = (body["snippets"] as readonly Snippet[]).find((snippet) => snippet.sdk === sdk);
  if (found === undefined) throw new Error(`Cannot find the snippet of ${sdk}`);
  return found;
}

/** Runs a program until it ends. */
async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { cwd: PROJECT_DIR, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => void (said += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => void (said += chunk.toString("utf8")));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`Cannot run ${command}, it ended with ${code}: ${said}`);
  return said;
}

/** The ingest region in the name of each of a source's files. */
async function regionsOf(source: TestSource): Promise<readonly (string | undefined)[]> {
  const files = await homeport.files(source);
  return files.map(({ key }) => /\/(\w+)-\d+-[^/]+$/.exec(key)?.[1]);
}

describe.each(NODE_SDKS)("the host of the snippet for Node in $name", ({ open }) => {
  it("takes every call to the source's region", async () => {
    const source = await newSource("us", { ingestRegion: "eu1" });
    const { settings } = await snippetOf(source, "node");
    const host = settings.find(({ option }) => option === "host")?.value ?? "";

    const client = open(host, source.writeKey);
    for (const call of EVERY_CALL) client.call(call);
    const failures = await client.close();

    expect(failures).toEqual([]);
    expect(new URL(host).host).toBe(new URL(homeport.hostOf("eu1")).host);
    expect(await homeport.settledEvents(source)).toHaveLength(EVERY_CALL.length);
    expect(new Set(await regionsOf(source))).toEqual(new Set(["eu1"]));
  });
});

describe("snippets, run as they are given", () => {
  it("send one event with Node", async () => {
    const source = await newSource("eu");
    const { code } = await snippetOf(source, "node");

    await run(process.execPath, ["--input-type=module", "--eval", LOCALHOST_NAMES + code]);

    const events = await homeport.waitForEvents(source, 1);
    expect(events).toMatchObject([{ event: "Signed Up", userId: "user-1" }]);
  });

  it.skipIf(!HAS_CURL)("send one event with curl", async () => {
    const source = await newSource("eu");
    const { code } = await snippetOf(source, "http");

    const answer = await run("sh", ["-c", code.replace("curl ", "curl -sS ")]);

    expect(answer).toBe('{"success":true}');
    const events = await homeport.waitForEvents(source, 1);
    expect(events).toMatchObject([{ event: "Signed Up", userId: "user-1" }]);
  });
});
