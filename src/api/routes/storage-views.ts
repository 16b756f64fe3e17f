import {
  array,
  boolean,
  literal,
  nullable,
  object,
  picklist,
  string,
  union,
  unknown,
} from "valibot";

import { asCloudFormation, asTerraform } from "../../archive/own-bucket/as-code.ts";
import {
  endpointTerraform,
  KEYS_TO_FILL_IN,
  stepsAtEndpoint,
} from "../../archive/own-bucket/endpoint-setup.ts";
import { STEP_STATES, type Verification } from "../../archive/own-bucket/verification.ts";
import type { OwnBucket } from "../../region/own-bucket.ts";
import type { QueueStatus } from "../../services.ts";
import { isoTime } from "../../workspace/source-view.ts";
import type { ShownStorage } from "../../workspace/storage.ts";
import type { StorageSetup } from "../../workspace/storage-ports.ts";
import { archiveLocation } from "../schemas.ts";

const access = union([
  object({ kind: literal("roles"), writer: string(), reader: string(), eraser: string() }),
  object({ kind: literal("segment"), role: string() }),
  object({ kind: literal("keys"), accessKeyId: string() }),
]);

const ownView = object({
  name: string(),
  bucket: string(),
  /** Of a bucket outside AWS it says no more than the region; the endpoint says the rest. */
  location: archiveLocation,
  endpoint: nullable(string()),
  label: string(),
  access,
  externalId: nullable(string()),
  kmsKeyArn: nullable(string()),
  /** Whether the source's data lake may stand there as well. */
  dataLake: boolean(),
});

export const verificationView = object({
  bucket: string(),
  state: picklist(["passed", "failed"]),
  at: string(),
  steps: array(
    object({
      step: string(),
      state: picklist(STEP_STATES),
      found: string(),
      change: nullable(string()),
    }),
  ),
});

export const storageView = object({
  kind: picklist(["platform", "own"]),
  current: nullable(ownView),
  candidate: nullable(ownView),
  earlier: array(ownView),
  verification: nullable(verificationView),
  failingSince: nullable(string()),
  removedByAge: array(string()),
  notice: nullable(string()),
  /** How the source's queues get on with writing files; null where it was not looked at. */
  writing: nullable(
    object({
      state: picklist(["ok", "failing", "unknown"]),
      reasons: array(string()),
      oldestWaitingAt: nullable(string()),
    }),
  ),
});

const document = unknown();
export const setupAnswer = object({
  storage: unknown(),
  steps: array(string()),
  externalId: nullable(string()),
  platformPrincipal: nullable(string()),
  label: string(),
  bucketPolicy: nullable(document),
  roles: array(
    object({ purpose: string(), arn: string(), trustPolicy: document, policy: document }),
  ),
  kmsKeyPolicy: nullable(document),
  cloudFormation: nullable(string()),
  terraform: nullable(string()),
  warnings: array(string()),
});

const CONFUSED_DEPUTY =
  "The bucket's policy names the platform without an ExternalId, and the workspace's id is no secret: the form with roles is the safer one.";
const LISTED_ENDPOINT =
  "That this endpoint is in the region is the word of this deployment's operator; its name does not show it.";
const STEPS_AT_AWS = [
  "Make the bucket in its location, without replication; or let cloudFormation or terraform make it with all that follows.",
  "Apply bucketPolicy to the bucket.",
  "Make each role of roles with its trustPolicy, and its policy inline.",
  "With a KMS key, add kmsKeyPolicy's statements to the key's own policy.",
  "Send storage with PUT …/storage, then POST …/storage/verification.",
];
const EARLIER_STAYS =
  "Files that were written before stay where they are, and remain under retention, replay and deletion there; new files go to the new bucket.";

/** What setup answers: documents to apply at AWS, steps to take elsewhere. */
export function viewSetup(setup: StorageSetup) {
  return setup.kind === "aws" ? viewAws(setup) : viewEndpoint(setup);
}

function viewEndpoint({ own, endpoint }: Extract<StorageSetup, { kind: "endpoint" }>) {
  const { bucket, label, dataLake } = own;
  const lake = dataLake === undefined ? {} : { dataLake };
  return {
    storage: {
      kind: "own",
      bucket,
      endpoint: endpoint.host,
      label,
      access: KEYS_TO_FILL_IN,
      ...lake,
    },
    steps: [...stepsAtEndpoint(own, endpoint)],
    externalId: null,
    platformPrincipal: null,
    label,
    bucketPolicy: null,
    roles: [],
    kmsKeyPolicy: null,
    cloudFormation: null,
    terraform: endpointTerraform(own, endpoint) ?? null,
    warnings: endpoint.knownBy === "operator" ? [LISTED_ENDPOINT] : [],
  };
}

function viewAws({ own, platformArn, documents }: Extract<StorageSetup, { kind: "aws" }>) {
  const { name: _name, externalId, ...draft } = own;
  return {
    storage: { kind: "own", ...draft },
    steps: STEPS_AT_AWS,
    externalId,
    platformPrincipal: platformArn,
    label: own.label,
    bucketPolicy: documents.bucketPolicy,
    roles: documents.roles.map(({ purpose, arn: roleArn, trust, policy }) => ({
      purpose,
      arn: roleArn,
      trustPolicy: trust,
      policy,
    })),
    kmsKeyPolicy: documents.kmsKeyPolicy ?? null,
    cloudFormation: asCloudFormation(own, documents),
    terraform: asTerraform(own, documents),
    warnings: own.access.kind === "segment" ? [CONFUSED_DEPUTY] : [],
  };
}

/** A source's storage as it is shown; no key is in it. */
export function viewStorage(storage: ShownStorage, queues?: readonly (QueueStatus | undefined)[]) {
  const { current, candidate, buckets, verified, failingSinceMs, swept = [] } = storage;
  const present = buckets.find(({ name }) => name === current);
  return {
    kind: present === undefined ? ("platform" as const) : ("own" as const),
    current: present === undefined ? null : viewOwn(present),
    candidate: candidate === undefined ? null : viewOwn(candidate),
    earlier: buckets.filter(({ name }) => name !== current).map(viewOwn),
    verification: verified === undefined ? null : viewVerification(verified.name, verified.outcome),
    failingSince: failingSinceMs === undefined ? null : isoTime(failingSinceMs),
    removedByAge: buckets.filter(({ name }) => swept.includes(name)).map(({ bucket }) => bucket),
    notice: candidate === undefined && buckets.length === 0 ? null : EARLIER_STAYS,
    writing: queues === undefined ? null : viewWriting(queues),
  };
}

/** Each reason once: many queues fail for the same. */
function viewWriting(queues: readonly (QueueStatus | undefined)[]) {
  const reasons = [...new Set(queues.flatMap((queue) => queue?.alert ?? []))];
  const isSilent = queues.includes(undefined);
  const waiting = queues.flatMap((queue) => queue?.oldestWaitingAtMs ?? []);
  const ok = isSilent ? ("unknown" as const) : ("ok" as const);
  return {
    state: reasons.length > 0 ? ("failing" as const) : ok,
    reasons,
    oldestWaitingAt: waiting.length === 0 ? null : isoTime(Math.min(...waiting)),
  };
}

function viewOwn({ kmsKeyArn, endpoint, externalId, dataLake, ...own }: OwnBucket) {
  return {
    ...own,
    endpoint: endpoint ?? null,
    externalId: externalId === "" ? null : externalId,
    kmsKeyArn: kmsKeyArn ?? null,
    dataLake: dataLake === true,
  };
}

/** Every step of one verification. */
export function viewVerification(bucket: string, { state, atMs, steps }: Verification) {
  return {
    bucket,
    state,
    at: isoTime(atMs),
    steps: steps.map(({ change, ...step }) => ({ ...step, change: change ?? null })),
  };
}
