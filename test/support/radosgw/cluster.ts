import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import { freePort } from "../../../scripts/stack/ports.ts";
import { cephConf } from "./ceph-conf.ts";

const run = promisify(execFile);

/** Where Debian's packages radosgw, ceph-mon and ceph-osd put them. */
const PROGRAMS = ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd"];
/** Of a daemon that does not come up; the slowest takes two seconds here. */
const START_MS_MAX = 30_000;
const POLL_MS = 50;

/** Whether Ceph's object gateway is installed on this machine. */
export function hasRadosgw(): boolean {
  return PROGRAMS.every((name) => existsSync(`/usr/bin/${name}`));
}

/** Keys of a user who may make buckets. */
export type GatewayUser = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** One region: a realm of its own, with a gateway and users that no other realm knows. */
export type Gateway = { readonly endpoint: string };

/** A running cluster with one gateway for each realm. */
export type Cluster = {
  readonly gateways: ReadonlyMap<string, Gateway>;
  /** The daemon that was started last. */
  readonly process: ChildProcess;
  readonly stop: () => Promise<void>;
};

/** Starts everything in memory; resolves once each gateway answers. */
export async function startCluster(
  realms: ReadonlyMap<string, readonly GatewayUser[]>,
): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "homeport-ceph-"));
  const daemons: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(daemons.toReversed().map(end));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await startStorage(folder, daemons);
    const gateways = new Map<string, Gateway>();
    for (const [realm, users] of realms) {
      gateways.set(realm, await startGateway(folder, realm, users, daemons));
    }
    const last = daemons.at(-1);
    if (last === undefined) throw new Error("Cannot start a cluster: no realm was named");
    return { gateways, process: last, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startStorage(folder: string, daemons: ChildProcess[]): Promise<void> {
  const conf = join(folder, "ceph.conf");
  const fsid = randomUUID();
  const port = await freePort();
  await mkdir(join(folder, "mon"));
  await mkdir(join(folder, "osd"));
  await writeFile(conf, cephConf(folder, fsid, port));
  const keyring = join(folder, "keyring");
  const all = ["--cap", "mon", "allow *", "--cap", "osd", "allow *"];
  const key = (name: string, caps: readonly string[]) =>
    run("ceph-authtool", [keyring, "--gen-key", "-n", name, ...caps]);
  await run("ceph-authtool", ["--create-keyring", keyring]);
  await key("mon.", ["--cap", "mon", "allow *"]);
  await key("client.admin", all);
  await key("client.rgw", all);
  await key("osd.0", ["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"]);
  const map = join(folder, "monmap");
  const address = `[v2:127.0.0.1:${port}]`;
  await run("monmaptool", ["--create", "--addv", "a", address, "--fsid", fsid, map]);
  const common = ["-c", conf];
  await run("ceph-mon", [...common, "--mkfs", "-i", "a", "--monmap", map, "--keyring", keyring]);
  daemons.push(daemon("ceph-mon", [...common, "-i", "a", "-f"]));
  await run("ceph-osd", [...common, "--mkfs", "-i", "0", "--osd-uuid", randomUUID()]);
  const uuid = (await readFile(join(folder, "osd/fsid"), "utf8")).trim();
  await run("ceph", [...common, "osd", "new", uuid]);
  await run("ceph", [
    ...common,
    "osd",
    "crush",
    "add",
    "osd.0",
    "1.0",
    "root=default",
    "host=localhost",
  ]);
  daemons.push(daemon("ceph-osd", [...common, "-i", "0", "-f"]));
}

async function startGateway(
  folder: string,
  realm: string,
  users: readonly GatewayUser[],
  daemons: ChildProcess[],
): Promise<Gateway> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const place = [`--rgw-realm=${realm}`, `--rgw-zonegroup=${realm}`, `--rgw-zone=${realm}`];
  const admin = (...args: readonly string[]) =>
    run("radosgw-admin", ["-c", join(folder, "ceph.conf"), ...args]);
  await admin("realm", "create", `--rgw-realm=${realm}`);
  await admin("zonegroup", "create", ...place.slice(0, 2), `--endpoints=${endpoint}`, "--master");
  await admin("zone", "create", ...place, `--endpoints=${endpoint}`, "--master");
  await admin("period", "update", "--commit", ...place);
  daemons.push(
    daemon("radosgw", [
      "-c",
      join(folder, "ceph.conf"),
      "-n",
      "client.rgw",
      ...place,
      "-f",
      `--rgw_frontends=beast endpoint=127.0.0.1:${port}`,
    ]),
  );
  for (const [number, { accessKeyId, secretAccessKey }] of users.entries()) {
    const name = `user-${number}`;
    await admin(
      ...place,
      "user",
      "create",
      `--uid=${name}`,
      `--display-name=${name}`,
      `--access-key=${accessKeyId}`,
      `--secret-key=${secretAccessKey}`,
    );
  }
  const until = Date.now() + START_MS_MAX;
  while (!(await answers(endpoint))) {
    if (Date.now() > until) throw new Error(`Cannot start radosgw for ${realm}: no answer`);
    await pause(POLL_MS);
  }
  return { endpoint };
}

/** Ends with this process, also when that is killed. */
function daemon(program: string, args: readonly string[]): ChildProcess {
  const guarded = ["--pdeathsig", "KILL", program, ...args];
  return spawn("setpriv", guarded, { stdio: "ignore" });
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => void child.once("exit", resolve));
  // Nothing of it is kept, so there is nothing to write down first.
  child.kill("SIGKILL");
  await gone;
}
