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

import type { AlertWebhookView } from "../../workspace/alert-ports.ts";
import { ALERT_CODES } from "../../workspace/alerts.ts";
import { defined } from "../defined.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import {
  viewWebhookTest,
  webhookDraftParts,
  webhookTest,
  webhookViewParts,
} from "../webhook-schemas.ts";

const code = picklist(ALERT_CODES);

const webhookDraft = strictObject({
  ...webhookDraftParts,
  codes: optional(pipe(array(code), minLength(1), maxLength(ALERT_CODES.length))),
});

const webhookAnswer = object({
  webhook: nullable(object({ ...webhookViewParts, codes: nullable(array(code)) })),
});

/** Where a workspace is told of its alerts. */
export const ALERT_WEBHOOK_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/alerts/webhook",
    summary: "The webhook that is told when an alert begins and when it is over; never its secret",
    answer: webhookAnswer,
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.alertWebhook(call), viewWebhook),
  }),
  workspaceOperation("write", {
    method: "PUT",
    path: "/api/v1/alerts/webhook",
    summary: "Sets the webhook; without a secret the one that is held stays",
    body: webhookDraft,
    problems: ["destination_settings_invalid"],
    answer: webhookAnswer,
    handle: async ({ workspace, call, body: { url, hosts, ...rest } }) =>
      answerWith(
        await workspace.setAlertWebhook(call, { url, hosts, ...defined(rest) }),
        viewWebhook,
      ),
  }),
  workspaceOperation("write", {
    method: "DELETE",
    path: "/api/v1/alerts/webhook",
    summary: "Tells nobody any more, and forgets what waited to be told",
    answer: webhookAnswer,
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.setAlertWebhook(call, undefined), viewWebhook),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/alerts/webhook/test",
    summary: "Sends a notice that says it is a test, and shows what was answered",
    answer: webhookTest,
    handle: async ({ workspace, call }) =>
      answerWith(await workspace.testAlertWebhook(call), viewWebhookTest),
  }),
];

function viewWebhook(held: AlertWebhookView | undefined) {
  if (held === undefined) return { webhook: null };
  const { url, hosts, codes, waiting } = held;
  return { webhook: { url, hosts, codes: codes ?? null, waitingNotices: waiting } };
}
