import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { HomeRegion } from "../../src/core/ids.ts";
import { endGroup, killGroup } from "../stack/child-group.ts";
import type { Fault } from "./faults.ts";
import {
  HOME_CREDENTIALS,
  type BucketOptions,
  type Credentials,
  type LocalAwsAddresses,
  type LocalAwsOptions,
  type Role,
} from "./options.ts";
import type { LoggedRequest } from "./request-log.ts";

/** A running stand-in, in a process of its own. */
export type LocalAws = LocalAwsAddresses & {
  readonly credentials: Readonly<Record<HomeRegion, Credentials>>;
  readonly process: ChildProcess;
  /** Arms a fault; several wait in line, the oldest that fits a request hits it. */
  readonly fault: (fault: Fault) => Promise<void>;
  readonly clearFaults: () => Promise<void>;
  /** Makes a role, or puts another in its place. */
  readonly setRole: (role: Role) => Promise<void>;
  /** Changes the options of a bucket that was there from the start. */
  readonly setBucket: (bucket: BucketOptions) => Promise<void>;
  /** What was asked of all endpoints since request `after`, oldest first. */
  readonly requests: (after?: number) => Promise<readonly LoggedRequest[]>;
  /** Has workerd `pid` killed when this process dies without a chance to do so itself. */
  readonly guard: (pid: number) => void;
  readonly stop: () => Promise<void>;
};

/**
 * Starts the stand-in and resolves once all endpoints listen.
 *
 * @throws Error when the process ends before that, for example because a port is taken.
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const child = fork(main, [JSON.stringify(options)], {
    execArgv: [],
    stdio: ["ignore", "inherit", "pipe", "ipc"],
    // Ctrl-C reaches the whole group; this process decides in which order its children end.
    detached: true,
  });
  child.once("exit", () => killGroup(child));
  const addresses = await readAddresses(child);
  const control = async (method: string, path: string, body?: string): Promise<Response> => {
    const answer = await fetch(addresses.controlUrl + path, { method, ...(body ? { body } : {}) });
    if (!answer.ok) throw new Error(`Cannot ${method} ${path} at local AWS: ${answer.status}`);
    return answer;
  };
  return {
    ...addresses,
    credentials: HOME_CREDENTIALS,
    process: child,
    fault: async (fault) => void (await control("POST", "/faults", JSON.stringify(fault))),
    setRole: async (role) => void (await control("PUT", "/roles", JSON.stringify(role))),
    setBucket: async (bucket) => void (await control("PUT", "/buckets", JSON.stringify(bucket))),
    clearFaults: async () => void (await control("DELETE", "/faults")),
    requests: async (after = 0) => {
      const answer = await control("GET", `/requests?after=${after}`);
      return (await answer.json()) as readonly LoggedRequest[];
    },
    guard: (pid) => void child.send({ guard: pid }),
    stop: () => endGroup(child),
  };
}

function readAddresses(child: ChildProcess): Promise<LocalAwsAddresses> {
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    complaint += chunk.toString("utf8");
  });
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as LocalAwsAddresses));
    child.once("exit", (code) =>
      reject(new Error(`Cannot start local AWS, exit code ${code}: ${firstError(complaint)}`)),
    );
  });
}

function firstError(complaint: string): string {
  return complaint.split("\n").find((line) => line.includes("Error")) ?? complaint.trim();
}
