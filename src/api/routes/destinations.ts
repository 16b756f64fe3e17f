import {
  array,
  boolean,
  maxLength,
  minLength,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  record,
  strictObject,
  string,
  unknown,
} from "valibot";

import type { CredentialTest } from "../../deliver/destinations.ts";
import type { DestinationTest } from "../../deliver/lane/ports.ts";
import { defined } from "../defined.ts";
import { filterView } from "../filter-schemas.ts";
import { answerWith, plainCall, workspaceOperation, type Operation } from "../operation.ts";
import { host, name, retryHours, page, pageOf, pageSchema } from "../schemas.ts";

/** Characters of what a setting is called, and of ids. */
const KEY_CHARS_MAX = 100;

/** Consent categories, declared hosts and mappings of one destination. */
const LIST_MAX = 50;

const settings = record(pipe(string(), minLength(1), maxLength(KEY_CHARS_MAX)), unknown());
const category = pipe(string(), minLength(1), maxLength(KEY_CHARS_MAX));

const changeable = {
  enabled: optional(boolean()),
  settings: optional(settings),
  mappings: optional(pipe(array(unknown()), maxLength(LIST_MAX))),
  hosts: optional(pipe(array(host), maxLength(LIST_MAX))),
  consentCategories: optional(pipe(array(category), maxLength(LIST_MAX))),
  retryHours: optional(retryHours),
};

const destinationDraft = strictObject({
  name,
  slug: pipe(string(), minLength(1), maxLength(KEY_CHARS_MAX)),
  sourceId: pipe(string(), maxLength(KEY_CHARS_MAX)),
  ...changeable,
});

const destinationPatch = strictObject({ name: optional(name), ...changeable });

export const destinationView = object({
  id: string(),
  sourceId: string(),
  slug: string(),
  name: string(),
  enabled: boolean(),
  settings: record(string(), unknown()),
  secrets: array(string()),
  mappings: array(unknown()),
  hosts: array(string()),
  consentCategories: array(string()),
  filters: array(filterView),
  retryHours: number(),
  endpoint: object({
    level: picklist(["vendor_endpoint", "region_by_account", "declared", "none"]),
    hosts: array(string()),
  }),
  createdAt: string(),
  updatedAt: string(),
});

const destinationAnswer = object({ destination: destinationView });

const exchangeView = object({
  method: string(),
  url: string(),
  requestHeaders: record(string(), string()),
  requestBody: string(),
  status: number(),
  answerHeaders: record(string(), string()),
  answerBody: string(),
});

const testAnswer = object({
  state: picklist(["delivered", "filtered", "retry", "rejected", "not-ready"]),
  code: nullable(string()),
  detail: nullable(string()),
  exchanges: array(exchangeView),
  credentials: nullable(
    object({
      state: picklist(["passed", "failed", "skipped"]),
      code: nullable(string()),
      detail: nullable(string()),
    }),
  ),
});

/** What is sent when the caller names no event of its own. */
const SAMPLE_EVENT = {
  type: "track",
  event: "Homeport Test",
  userId: "homeport-test-user",
  properties: { test: true },
  context: {},
  integrations: {},
} as const;

/** The destinations of a workspace. */
export const DESTINATION_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/destinations",
    summary: "The destinations of the workspace, oldest first; secrets are only named",
    query: page,
    answer: pageSchema(destinationView),
    handle: async ({ workspace, call, query }) =>
      answerWith(await workspace.destinations(call, pageOf(query)), ({ data, next }) => ({
        data,
        pagination: { next: next ?? null },
      })),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/destinations",
    summary:
      "Connect a source to a destination of the catalogue; it gets what is accepted from now on",
    body: destinationDraft,
    status: 201,
    answer: destinationAnswer,
    problems: [
      "not_found",
      "destination_not_offered",
      "no_endpoint_in_region",
      "destination_settings_invalid",
      "limit_reached",
    ],
    handle: async ({ workspace, call, body }) =>
      answerWith(await workspace.addDestination(call, defined(body)), (destination) => ({
        destination,
      })),
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/destinations/:id",
    summary: "One destination",
    answer: destinationAnswer,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.destination(call, params["id"] ?? ""), (destination) => ({
        destination,
      })),
  }),
  workspaceOperation("write", {
    method: "PATCH",
    path: "/api/v1/destinations/:id",
    summary: "Change a destination; settings that are not named stay, null takes one away",
    body: destinationPatch,
    answer: destinationAnswer,
    problems: ["destination_not_offered", "no_endpoint_in_region", "destination_settings_invalid"],
    handle: async ({ workspace, call, params, body }) => {
      const changed = await workspace.changeDestination(call, params["id"] ?? "", defined(body));
      return answerWith(changed, (destination) => ({ destination }));
    },
  }),
  workspaceOperation("write", {
    method: "DELETE",
    path: "/api/v1/destinations/:id",
    summary:
      "Take a destination off; its secrets are forgotten, its dead letters stay in the bucket",
    answer: destinationAnswer,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.removeDestination(call, params["id"] ?? ""), (destination) => ({
        destination,
      })),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/destinations/:id/test",
    summary: "Send one event now and show request and answer, secrets masked",
    body: optional(strictObject({ event: optional(record(string(), unknown())) })),
    answer: testAnswer,
    handle: async ({ workspace, call, params, body, services }) => {
      const id = params["id"] ?? "";
      const lanes = await workspace.lanes(plainCall(call), id, "destination.test");
      const [lane] = lanes.ok ? lanes.value : [];
      if (!lanes.ok || lane === undefined) return answerWith(lanes, () => ({}));
      const now = new Date(services.now()).toISOString();
      const unique = Array.from(services.random(12), (byte) => byte.toString(16).padStart(2, "0"));
      const event = {
        messageId: `homeport-test-${unique.join("")}`,
        timestamp: now,
        receivedAt: now,
        ...(body?.event ?? SAMPLE_EVENT),
      };
      const test = await services.lane(lane).sendTest(event);
      return answerWith(lanes, () => viewTest(test));
    },
  }),
];

function viewTest(test: DestinationTest) {
  if (test.kind === "not-ready") {
    return { state: test.kind, code: null, detail: test.why, exchanges: [], credentials: null };
  }
  const { outcome, exchanges, credentials } = test;
  const code = outcome.kind === "delivered" ? String(outcome.status) : outcome.code;
  const said = credentials === undefined ? null : viewCredentials(credentials);
  return { state: outcome.kind, code, detail: null, exchanges, credentials: said };
}

function viewCredentials(credentials: CredentialTest) {
  return {
    state: credentials.kind,
    code: credentials.kind === "failed" ? credentials.code : null,
    detail: credentials.kind === "skipped" ? credentials.reason : null,
  };
}
