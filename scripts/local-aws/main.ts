import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { homeOf, type ArchiveLocation } from "../../src/region/regions.ts";
import { killWorkerd } from "../stack/workerd-process.ts";
import { createControl } from "./control.ts";
import { FaultTable } from "./faults.ts";
import { createGate } from "./gate.ts";
import {
  allBuckets,
  allUsers,
  LOCATIONS,
  type LocalAwsAddresses,
  type LocalAwsOptions,
} from "./options.ts";
import { RequestLog } from "./request-log.ts";
import { KeyRing } from "./sessions.ts";
import { Store } from "./store.ts";
import { VersionedStore } from "./versioned-store.ts";

/**
 * A stand-in for S3 and STS in four locations, for development and tests. It is not AWS: a check of
 * signatures, regions and permissions in front of Cloudflare's R2 simulator.
 *
 * Options are the JSON of the first argument. Ends with the process that started it.
 */
const options = JSON.parse(process.argv[2] ?? "{}") as LocalAwsOptions;
const buckets = [...allBuckets(options)];
const faults = new FaultTable();
const log = new RequestLog();
const keys = new KeyRing(allUsers(options), options.roles ?? []);
const store = await Store.open(
  buckets.map(({ name }) => name),
  options.stateDir,
);

const versioned = new VersionedStore(store);

/** Programs of the starting process that must not outlive it. */
const guarded = new Set<number>();
let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await store.close();
  process.exit(0);
}
process.on("SIGTERM", () => void stop());
process.on("SIGINT", () => void stop());
process.on("disconnect", () => {
  void Promise.all([...guarded].map(killWorkerd)).then(stop);
});
process.on("message", (message: { readonly guard: number }) => guarded.add(message.guard));

const endpoints: Partial<Record<ArchiveLocation, string>> = {};
for (const location of LOCATIONS) {
  const gate = createGate(location, { buckets, keys, store: versioned, faults, log });
  endpoints[location] = await listen(gate, options.ports?.[location]);
}
const control = createControl({
  faults,
  log,
  setRole: (role) => keys.setRole(role),
  setBucket: (bucket) => {
    const index = buckets.findIndex(({ name }) => name === bucket.name);
    if (index === -1) throw new Error("Cannot change a bucket: it was not made at the start");
    buckets[index] = bucket;
  },
});
const controlUrl = await listen(control, options.controlPort);
const addresses: LocalAwsAddresses = {
  endpoints: endpoints as LocalAwsAddresses["endpoints"],
  controlUrl,
  // So that a bucket which is opened by keys, as outside AWS, can be tried here too.
  listedEndpoints: LOCATIONS.map((location) => {
    const { host } = new URL(endpoints[location] ?? "");
    return `${host}=${homeOf(location)}:generic:${location}`;
  }).join(","),
};
if (process.send === undefined) {
  console.log(`Local AWS (not AWS) is up: ${JSON.stringify(addresses)}`);
} else {
  process.send(addresses);
}

function listen(server: Server, port: number | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port ?? 0, "127.0.0.1", () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}
