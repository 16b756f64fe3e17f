import { CreateBucketCommand } from "@aws-sdk/client-s3";

import {
  allBuckets,
  HOME_CREDENTIALS,
  LOCATIONS,
  type LocalAwsOptions,
} from "../../../scripts/local-aws/options.ts";
import type { LocalAws } from "../../../scripts/local-aws/start.ts";
import { HOME_REGION_NAMES, homeOf } from "../../../src/region/regions.ts";
import { s3Client } from "../read-bucket.ts";
import { startCluster } from "./cluster.ts";

/** What stands for the region in signatures; Ceph takes any. */
const SCOPE = "default";

/**
 * Ceph's object gateway in the place of the local AWS: an S3 that is not ours, with a realm for each
 * home region. It has no STS that knows an ExternalId, and fails only by itself, so what needs roles
 * or faults on demand is not for it.
 */
export async function startRadosgw(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const { users = [] } = options;
  const realms = HOME_REGION_NAMES.map((home) => {
    const ofHome = users.filter(({ locations }) => locations.some((at) => homeOf(at) === home));
    return [home, [HOME_CREDENTIALS[home], ...ofHome]] as const;
  });
  const { gateways, process, stop } = await startCluster(new Map(realms));
  const at = (home: string): string => gateways.get(home)?.endpoint ?? "";
  const endpoints = Object.fromEntries(
    LOCATIONS.map((location) => [location, at(homeOf(location))]),
  ) as LocalAws["endpoints"];
  for (const { name, location } of allBuckets(options)) {
    // Whoever may do something in a bucket makes it, and is then the only one who may.
    const owner = users.find(({ allow }) => allow.some(({ bucket }) => bucket === name));
    const credentials = owner ?? HOME_CREDENTIALS[homeOf(location)];
    // Under this name the client asks for no location, and Ceph takes its own.
    const client = s3Client({ endpoint: endpoints[location], location: "us-east-1", credentials });
    await client.send(new CreateBucketCommand({ Bucket: name }));
    client.destroy();
  }
  const listed = HOME_REGION_NAMES.map((home) => {
    const { host } = new URL(at(home));
    return `${host}=${home}:ceph:${SCOPE}`;
  });
  const cannot = async (): Promise<never> => {
    throw new Error("Cannot do that to radosgw: only the local AWS fails on demand");
  };
  return {
    endpoints,
    controlUrl: "",
    listedEndpoints: listed.join(","),
    credentials: HOME_CREDENTIALS,
    process,
    fault: cannot,
    clearFaults: cannot,
    setRole: cannot,
    setBucket: cannot,
    requests: cannot,
    guard: () => {},
    stop,
  };
}
