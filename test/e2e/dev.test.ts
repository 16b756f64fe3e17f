import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { homeBucketName, HOME_CREDENTIALS } from "../../scripts/local-aws/options.ts";
import { freePort } from "../../scripts/stack/ports.ts";
import { workerdPidsOf } from "../../scripts/stack/workerd-process.ts";
import { readBucket } from "../support/read-bucket.ts";

const DEV = fileURLToPath(new URL("../../scripts/dev.ts", import.meta.url));
const CONFIG_PATH = fileURLToPath(
  new URL("../workers/stand-in-worker/wrangler.toml", import.meta.url),
);

let port: number;
let stateDir: string;
let dev: ChildProcess;
let said = "";

beforeAll(async () => {
  port = await freePort();
  stateDir = await mkdtemp(join(tmpdir(), "homeport-dev-"));
  dev = runDev();
  dev.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  await vi.waitFor(() => expect(said).toContain("Stop with Ctrl-C"), 60_000);
});

afterAll(async () => {
  dev.kill("SIGKILL");
  await rm(stateDir, { recursive: true, force: true });
});

function runDev(): ChildProcess {
  return spawn(process.execPath, [DEV, "--config", CONFIG_PATH], {
    env: { ...process.env, PORT: String(port), STATE_DIR: stateDir },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

describe("npm run dev", () => {
  it("prints the URL, the operator token and a bucket of each location", () => {
    expect(said).toContain(`http://localhost:${port}`);
    expect(said).toContain("dev-operator-token");
    for (const location of ["us-west-2", "us-east-1", "eu-west-1", "eu-central-1"]) {
      expect(said).toMatch(new RegExp(`${location} +http://127\\.0\\.0\\.1:\\d+/homeport-`));
    }
  });

  it("gives the Worker what it needs to write to the printed bucket", async () => {
    const location = "eu-west-1";
    const body = '{"word":"kept"}\n';
    await fetch(`http://127.0.0.1:${port}/archive`, { method: "POST", body });

    const endpoint = new RegExp(`${location} +(http://[^/]+)/`).exec(said)?.[1] ?? "";
    const access = { endpoint, location, credentials: HOME_CREDENTIALS.eu };
    const files = await readBucket(access, homeBucketName(location));
    expect(files.flatMap(({ lines }) => lines)).toEqual([{ word: "kept" }]);
  });

  it("says which port is taken, and ends with an error", async () => {
    const second = runDev();
    let complaint = "";
    second.stderr?.on("data", (chunk: Buffer) => {
      complaint += chunk.toString("utf8");
    });

    const [code] = (await once(second, "close")) as [number];

    expect(code).toBe(1);
    expect(complaint).toContain(`Cannot use port ${port}`);
  });

  it("leaves no process behind when it is interrupted", async () => {
    const started = await workerdPidsOf(dev.pid ?? 0);
    expect(started).not.toEqual([]);
    const ended = once(dev, "exit");

    dev.kill("SIGINT");

    expect(await ended).toEqual([0, null]);
    const left = (await workerdPidsOf(1)).filter((pid) => started.includes(pid));
    expect(left).toEqual([]);
  });
});
