import {
  array,
  maxLength,
  minLength,
  nullable,
  object,
  optional,
  picklist,
  pipe,
  strictObject,
} from "valibot";

import { SYNC_EVENTS } from "../../sync/alerts/notice.ts";
import type { SyncWebhookView } from "../../workspace/sync-ports.ts";
import { defined } from "../defined.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import {
  viewWebhookTest,
  webhookDraftParts,
  webhookTest,
  webhookViewParts,
} from "../webhook-schemas.ts";

const event = picklist(SYNC_EVENTS);

const webhookDraft = strictObject({
  ...webhookDraftParts,
  events: optional(pipe(array(event), minLength(1), maxLength(SYNC_EVENTS.length))),
});

const webhookAnswer = object({
  webhook: nullable(object({ ...webhookViewParts, events: nullable(array(event)) })),
});

/** Where a workspace is told what happens to its syncs. */
export const SYNC_WEBHOOK_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sync-webhook",
    summary: "The webhook that is told what happens to syncs; never its secret",
    answer: webhookAnswer,
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.syncWebhook(call), viewWebhook),
  }),
  workspaceOperation("write", {
    method: "PUT",
    path: "/api/v1/sync-webhook",
    summary: "Sets the webhook of syncs; without a secret the one that is held stays",
    body: webhookDraft,
    problems: ["destination_settings_invalid"],
    answer: webhookAnswer,
    handle: async ({ workspace, call, body: { url, hosts, ...rest } }) =>
      answerWith(
        await workspace.setSyncWebhook(call, { url, hosts, ...defined(rest) }),
        viewWebhook,
      ),
  }),
  workspaceOperation("write", {
    method: "DELETE",
    path: "/api/v1/sync-webhook",
    summary: "Tells nobody of syncs any more, and forgets what waited to be told",
    answer: webhookAnswer,
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.setSyncWebhook(call, undefined), viewWebhook),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/sync-webhook/test",
    summary: "Sends a notice that says it is a test, and shows what was answered",
    answer: webhookTest,
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.testSyncWebhook(call), viewWebhookTest),
  }),
];

function viewWebhook(held: SyncWebhookView | undefined) {
  if (held === undefined) return { webhook: null };
  const { url, hosts, events, waiting } = held;
  return { webhook: { url, hosts, events: events ?? null, waitingNotices: waiting } };
}
