import {
  array,
  boolean,
  integer,
  literal,
  maxLength,
  maxValue,
  minValue,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  regex,
  strictObject,
  string,
  union,
  unknown,
} from "valibot";

import { asCloudFormation, asTerraform } from "../../archive/own-bucket/as-code.ts";
import type { OwnBucketDraft } from "../../archive/own-bucket/settings.ts";
import type { Verification } from "../../archive/own-bucket/verification.ts";
import { regionOf, type HomeRegion } from "../../core/ids.ts";
import type { OwnBucket } from "../../region/own-bucket.ts";
import type { ArchiveLocation } from "../../region/regions.ts";
import { isoTime } from "../../workspace/source-view.ts";
import type { SourceStorage } from "../../workspace/storage.ts";
import type { StorageSetup } from "../../workspace/storage-ports.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { archiveLocation } from "../schemas.ts";

/** IAM tells of a new role or policy within a minute. */
const PATIENCE_SECONDS_MAX = 60;
const ARN_CHARS_MAX = 600;
const LABEL_CHARS_MAX = 100;
/** Where a bucket is proposed to be: beside the platform's first. */
const LOCATION_PROPOSED: Readonly<Record<HomeRegion, ArchiveLocation>> = {
  eu: "eu-west-1",
  us: "us-west-2",
};

const arn = pipe(string(), maxLength(ARN_CHARS_MAX));
const label = pipe(
  string(),
  maxLength(LABEL_CHARS_MAX),
  regex(/^[\w.:/-]+$/, "letters, digits, . : / -"),
);

const access = union([
  strictObject({ kind: literal("roles"), writer: arn, reader: arn, eraser: arn }),
  strictObject({ kind: literal("segment"), role: arn }),
]);

const storageDraft = union([
  strictObject({ kind: literal("platform") }),
  strictObject({
    kind: literal("own"),
    bucket: string(),
    location: archiveLocation,
    label: optional(label),
    access,
    kmsKeyArn: optional(arn),
  }),
]);

const setupQuery = strictObject({
  bucket: optional(string()),
  location: optional(archiveLocation),
  account: optional(pipe(string(), regex(/^\d{12}$/, "12 digits"))),
  form: optional(picklist(["roles", "segment"])),
  kmsKeyArn: optional(arn),
  label: optional(label),
});

const ownView = object({
  name: string(),
  bucket: string(),
  location: archiveLocation,
  label: string(),
  access,
  externalId: string(),
  kmsKeyArn: nullable(string()),
});

const verificationView = object({
  bucket: string(),
  state: picklist(["passed", "failed"]),
  at: string(),
  steps: array(
    object({
      step: string(),
      state: picklist(["passed", "failed", "warned", "unknown", "skipped"]),
      found: string(),
      change: nullable(string()),
    }),
  ),
});

const storageView = object({
  kind: picklist(["platform", "own"]),
  current: nullable(ownView),
  candidate: nullable(ownView),
  earlier: array(ownView),
  verification: nullable(verificationView),
  failingSince: nullable(string()),
  notice: nullable(string()),
});

const document = unknown();
const setupAnswer = object({
  storage: unknown(),
  externalId: string(),
  platformPrincipal: string(),
  label: string(),
  bucketPolicy: document,
  roles: array(
    object({ purpose: string(), arn: string(), trustPolicy: document, policy: document }),
  ),
  kmsKeyPolicy: nullable(document),
  cloudFormation: string(),
  terraform: string(),
  warnings: array(string()),
});

const CONFUSED_DEPUTY =
  "The bucket's policy names the platform without an ExternalId, and the workspace's id is no secret: the form with roles is the safer one.";
const EARLIER_STAYS =
  "Files that were written before stay where they are, and remain under retention, replay and deletion there; new files go to the new bucket.";

/** Storage of the customer's own: what to apply at AWS, what is asked for, and whether it works. */
export const STORAGE_OPERATIONS: readonly Operation[] = [
  workspaceOperation("write", {
    method: "GET",
    path: "/api/v1/sources/:id/storage/setup",
    summary: "Policies and roles for a bucket of your own, as JSON, CloudFormation and Terraform",
    query: setupQuery,
    answer: setupAnswer,
    problems: ["storage_invalid", "unavailable"],
    handle: async ({ workspace, workspaceId, call, params, query }) => {
      const draft = draftOfQuery(query, regionOf(workspaceId));
      return answerWith(await workspace.storageSetup(call, params["id"] ?? "", draft), viewSetup);
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/storage",
    summary: "Where the source's files go, and how its last verification went",
    answer: storageView,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.storage(call, params["id"] ?? ""), viewStorage),
  }),
  workspaceOperation("write", {
    method: "PUT",
    path: "/api/v1/sources/:id/storage",
    summary: "Asks for a bucket of your own, in use once it is verified; or for the platform's",
    body: storageDraft,
    answer: storageView,
    problems: ["storage_invalid"],
    handle: async ({ workspace, call, params, body }) =>
      answerWith(
        await workspace.setStorage(call, params["id"] ?? "", draftOfBody(body)),
        viewStorage,
      ),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/sources/:id/storage/verification",
    summary: "Tries all that will be done in the bucket; one that passes is in use from then on",
    body: optional(
      strictObject({
        waitSeconds: optional(
          pipe(number(), integer(), minValue(0), maxValue(PATIENCE_SECONDS_MAX)),
        ),
      }),
    ),
    answer: object({ verification: verificationView, storage: storageView, isInUse: boolean() }),
    problems: ["storage_not_own"],
    handle: async ({ workspace, call, params, body }) => {
      const seconds = body?.waitSeconds ?? PATIENCE_SECONDS_MAX;
      const answer = await workspace.verifyStorage(call, params["id"] ?? "", seconds * 1000);
      return answerWith(answer, ({ storage, verification }) => {
        const shown = viewStorage(storage);
        const isInUse = verification.state === "passed" && storage.candidate === undefined;
        const name = storage.verified?.name ?? storage.current ?? "";
        return { verification: viewVerification(name, verification), storage: shown, isInUse };
      });
    },
  }),
];

type SetupQuery = {
  readonly bucket?: string | undefined;
  readonly location?: ArchiveLocation | undefined;
  readonly account?: string | undefined;
  readonly form?: "roles" | "segment" | undefined;
  readonly kmsKeyArn?: string | undefined;
  readonly label?: string | undefined;
};

/** What is left out is refused with the rest of what cannot be; a location that is left out is proposed. */
function draftOfQuery(query: SetupQuery, home: HomeRegion): OwnBucketDraft {
  const { bucket = "", account = "", form, kmsKeyArn, label: named } = query;
  const role = (name: string): string => `arn:aws:iam::${account}:role/homeport-${name}`;
  return {
    bucket,
    location: query.location ?? LOCATION_PROPOSED[home],
    access:
      form === "segment"
        ? { kind: "segment", role: role("archives") }
        : {
            kind: "roles",
            writer: role("writer"),
            reader: role("reader"),
            eraser: role("eraser"),
          },
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    ...(named === undefined ? {} : { label: named }),
  };
}

type Body =
  | { readonly kind: "platform" }
  | (Omit<OwnBucketDraft, "label" | "kmsKeyArn"> & {
      readonly kind: "own";
      readonly label?: string | undefined;
      readonly kmsKeyArn?: string | undefined;
    });

function draftOfBody(body: Body): OwnBucketDraft | undefined {
  if (body.kind === "platform") return undefined;
  const { kind: _kind, label: named, kmsKeyArn, ...draft } = body;
  return {
    ...draft,
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    ...(named === undefined ? {} : { label: named }),
  };
}

function viewSetup({ own, platformArn, documents }: StorageSetup) {
  const { name: _name, externalId, ...draft } = own;
  return {
    storage: { kind: "own", ...draft },
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

function viewStorage(storage: SourceStorage) {
  const { current, candidate, buckets, verified, failingSinceMs } = storage;
  const present = buckets.find(({ name }) => name === current);
  return {
    kind: present === undefined ? ("platform" as const) : ("own" as const),
    current: present === undefined ? null : viewOwn(present),
    candidate: candidate === undefined ? null : viewOwn(candidate),
    earlier: buckets.filter(({ name }) => name !== current).map(viewOwn),
    verification: verified === undefined ? null : viewVerification(verified.name, verified.outcome),
    failingSince: failingSinceMs === undefined ? null : isoTime(failingSinceMs),
    notice: candidate === undefined && buckets.length === 0 ? null : EARLIER_STAYS,
  };
}

function viewOwn({ kmsKeyArn, ...own }: OwnBucket) {
  return { ...own, kmsKeyArn: kmsKeyArn ?? null };
}

function viewVerification(bucket: string, { state, atMs, steps }: Verification) {
  return {
    bucket,
    state,
    at: isoTime(atMs),
    steps: steps.map(({ change, ...step }) => ({ ...step, change: change ?? null })),
  };
}
