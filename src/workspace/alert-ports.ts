import type { AlertWebhook } from "./alert-notices.ts";
import type { AdminCall, Answer } from "./ports.ts";

/** A webhook as it is asked for; without a secret the one that is held stays. */
export type AlertWebhookDraft = AlertWebhook & { readonly secret?: string };

/** What became of a notice that was sent as a test; `code` as of deliveries. */
export type AlertTest = {
  readonly state: "delivered" | "retry" | "rejected" | "not-ready";
  readonly code: string | undefined;
};

/** A webhook and how it stands. */
export type AlertWebhookView = AlertWebhook & {
  /** Notices that wait, because the webhook did not take one. */
  readonly waiting: number;
};

/** What the management API asks of a workspace about telling of alerts. */
export interface AlertsPort {
  alertWebhook(call: AdminCall): Promise<Answer<AlertWebhookView | undefined>>;
  /** What is open now is told to a new webhook; `undefined` takes it away. */
  setAlertWebhook(
    call: AdminCall,
    draft: AlertWebhookDraft | undefined,
  ): Promise<Answer<AlertWebhookView | undefined>>;
  testAlertWebhook(call: AdminCall): Promise<Answer<AlertTest>>;
}
