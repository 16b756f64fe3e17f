import { homeBucketName, LOCATIONS } from "../../scripts/local-aws/options.ts";
import type { LocalAws } from "../../scripts/local-aws/start.ts";
import {
  ownBucket,
  stsCaller,
  stsContext,
  type Opening,
} from "../../src/archive/own-bucket/open.ts";
import type { Verification } from "../../src/archive/own-bucket/verification.ts";
import { verifyOwnBucket } from "../../src/archive/own-bucket/verify.ts";
import type { AwsBucket } from "../../src/region/own-bucket.ts";
import { homeOf, type ArchiveLocation } from "../../src/region/regions.ts";
import { assumeRole } from "../../src/s3/sts.ts";

const SOURCE = "src_eu_0123456789abcdef0123456789";
const role = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
export const KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

/** A bucket of a customer's with a role for each purpose and a key. */
export const OWN: AwsBucket = {
  name: "own-1",
  location: "eu-west-1",
  bucket: "customer-events",
  label: "eu-west-1-111122223333",
  access: { kind: "roles", writer: role("writer"), reader: role("reader"), eraser: role("eraser") },
  externalId: "an-external-id-that-nobody-chose",
  kmsKeyArn: KEY,
};
/** The same as Segment has it. */
export const SEGMENT: AwsBucket = { ...OWN, access: { kind: "segment", role: role("all") } };

/** What the platform opens it with: its keys at the stand-in. */
export function openingAt(aws: LocalAws): Opening {
  const bucketAt = (location: ArchiveLocation) => ({
    location,
    url: `${aws.endpoints[location]}/${homeBucketName(location)}`,
    ...aws.credentials[homeOf(location)],
    answerMsMax: 5_000,
  });
  const buckets = Object.fromEntries(LOCATIONS.map((location) => [location, bucketAt(location)]));
  return {
    config: {
      environment: "development",
      s3Endpoints: new Map(),
      buckets: buckets as Opening["config"]["buckets"],
    },
    sourceId: SOURCE,
    now: () => Date.now(),
  };
}

/** Verifies it for real, without waiting for what is refused. */
export function verifyAt(aws: LocalAws, own: AwsBucket): Promise<Verification> {
  const open = openingAt(aws);
  return verifyOwnBucket({
    own,
    assume: (roleArn, externalId) =>
      assumeRole(
        stsCaller(open.config, own.location),
        { roleArn, sessionName: "test", ...(externalId === undefined ? {} : { externalId }) },
        stsContext(open, own.location),
      ),
    open: (purpose) => ownBucket(open, own, purpose),
    wait: async () => undefined,
    now: () => 0,
    patienceMs: 0,
    nonce: String(Math.random()),
  });
}
