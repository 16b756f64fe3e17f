import {
  boolean,
  integer,
  literal,
  maxLength,
  maxValue,
  minValue,
  number,
  object,
  optional,
  picklist,
  pipe,
  regex,
  strictObject,
  string,
  union,
} from "valibot";

import { KEYS_TO_FILL_IN } from "../../archive/own-bucket/endpoint-setup.ts";
import { proposedRoles } from "../../archive/own-bucket/proposed-roles.ts";
import type { OwnBucketDraft } from "../../archive/own-bucket/settings.ts";
import { isChildId, regionOf, type HomeRegion } from "../../core/ids.ts";
import type { ArchiveLocation } from "../../region/regions.ts";
import type { ShownStorage } from "../../workspace/storage.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { archiveLocation } from "../schemas.ts";
import { askQueue } from "./source-data.ts";
import {
  setupAnswer,
  storageView,
  verificationView,
  viewSetup,
  viewStorage,
  viewVerification,
} from "./storage-views.ts";

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

/** Longer than any host or key there is. */
const TEXT_CHARS_MAX = 256;
const text = pipe(string(), maxLength(TEXT_CHARS_MAX));
const host = pipe(text, regex(/^[a-z0-9.:-]+$/, "a host's name in lower case, without a scheme"));

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
    dataLake: optional(boolean()),
  }),
  strictObject({
    kind: literal("own"),
    bucket: string(),
    endpoint: host,
    label: optional(label),
    access: strictObject({
      kind: literal("keys"),
      accessKeyId: text,
      secretAccessKey: text,
    }),
    dataLake: optional(boolean()),
  }),
]);

const setupQuery = strictObject({
  bucket: optional(string()),
  location: optional(archiveLocation),
  endpoint: optional(host),
  account: optional(pipe(string(), regex(/^\d{12}$/, "12 digits"))),
  form: optional(picklist(["roles", "segment"])),
  kmsKeyArn: optional(arn),
  label: optional(label),
  dataLake: optional(picklist(["true", "false"])),
});

/** Storage of the customer's own: what to apply at AWS, what is asked for, and whether it works. */
export const STORAGE_OPERATIONS: readonly Operation[] = [
  workspaceOperation("write", {
    method: "GET",
    path: "/api/v1/sources/:id/storage/setup",
    summary:
      "What to apply for a bucket of your own: policies and roles as JSON, CloudFormation and Terraform; outside AWS steps",
    query: setupQuery,
    answer: setupAnswer,
    problems: ["storage_invalid", "unavailable"],
    handle: async ({ workspace, workspaceId, call, params, query }) => {
      const id = params["id"] ?? "";
      const draft = draftOfQuery(query, regionOf(workspaceId), id);
      return answerWith(await workspace.storageSetup(call, id, draft), viewSetup);
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/storage",
    summary: "Where the source's files go, and how its last verification went",
    answer: storageView,
    handle: async ({ workspace, call, params, services }) => {
      const id = params["id"] ?? "";
      const storage = await workspace.storage(call, id);
      if (!storage.ok || !isChildId("src", id)) return answerWith(storage, viewShown);
      const known = await workspace.queues(call, id);
      const asked = known.ok
        ? await Promise.all(known.value.map((queue) => askQueue(services.queue(id, queue))))
        : [];
      const queues = asked.map((answer) => answer?.status);
      return answerWith(storage, (shown) => viewStorage(shown, queues));
    },
  }),
  workspaceOperation("write", {
    method: "PUT",
    path: "/api/v1/sources/:id/storage",
    summary: "Asks for a bucket of your own, in use once it is verified; or for the platform's",
    body: storageDraft,
    answer: storageView,
    problems: ["storage_invalid"],
    handle: async ({ workspace, workspaceId, call, params, body }) => {
      const draft = draftOfBody(body, regionOf(workspaceId));
      return answerWith(await workspace.setStorage(call, params["id"] ?? "", draft), viewShown);
    },
  }),
  workspaceOperation("write", {
    method: "PUT",
    path: "/api/v1/sources/:id/storage/retention",
    summary: "Has files in the own bucket of that name removed by age as well, or kept again",
    body: strictObject({ bucket: string(), removeByAge: boolean() }),
    answer: storageView,
    problems: ["storage_not_own"],
    handle: async ({ workspace, call, params, body }) =>
      answerWith(
        await workspace.sweepStorage(call, params["id"] ?? "", body.bucket, body.removeByAge),
        (storage) => viewStorage(storage),
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

function viewShown(storage: ShownStorage) {
  return viewStorage(storage);
}

type SetupQuery = {
  readonly endpoint?: string | undefined;
  readonly bucket?: string | undefined;
  readonly location?: ArchiveLocation | undefined;
  readonly account?: string | undefined;
  readonly form?: "roles" | "segment" | undefined;
  readonly kmsKeyArn?: string | undefined;
  readonly label?: string | undefined;
  readonly dataLake?: "true" | "false" | undefined;
};

/** What is left out is refused with the rest of what cannot be; a location that is left out is proposed. */
function draftOfQuery(query: SetupQuery, home: HomeRegion, sourceId: string): OwnBucketDraft {
  const { bucket = "", endpoint, account = "", form = "roles", kmsKeyArn, label: named } = query;
  return {
    bucket,
    location: query.location ?? LOCATION_PROPOSED[home],
    ...(endpoint === undefined ? {} : { endpoint }),
    access:
      endpoint === undefined ? proposedRoles(form, account, { sourceId, bucket }) : KEYS_TO_FILL_IN,
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    ...(named === undefined ? {} : { label: named }),
    ...(query.dataLake === "true" ? { dataLake: true } : {}),
  };
}

type Body =
  | { readonly kind: "platform" }
  | (Omit<OwnBucketDraft, "endpoint" | "label" | "kmsKeyArn" | "dataLake"> & {
      readonly kind: "own";
      readonly dataLake?: boolean | undefined;
      readonly label?: string | undefined;
      readonly kmsKeyArn?: string | undefined;
    })
  | (Omit<OwnBucketDraft, "label" | "location" | "dataLake"> & {
      readonly kind: "own";
      readonly dataLake?: boolean | undefined;
      readonly endpoint: string;
      readonly label?: string | undefined;
    });

function draftOfBody(body: Body, home: HomeRegion): OwnBucketDraft | undefined {
  if (body.kind === "platform") return undefined;
  const { kind: _kind, label: named, kmsKeyArn, dataLake, ...draft } = body;
  return {
    location: LOCATION_PROPOSED[home],
    ...draft,
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    ...(named === undefined ? {} : { label: named }),
    ...(dataLake === true ? { dataLake } : {}),
  };
}
