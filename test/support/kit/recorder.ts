import type { EgressObserver } from "../../../src/egress/guard.ts";

/** One contact that the guard let through or refused. */
export type Contact = { readonly host: string; readonly purpose: string };

/** Stands for the internet: every request gets the same answer. */
export class Recorder {
  readonly sent: string[] = [];
  readonly refused: string[] = [];
  status = 200;

  readonly observe: EgressObserver = {
    sending: ({ host }) => void this.sent.push(host),
    refused: ({ host }, reason) => void this.refused.push(`${host} (${reason})`),
    sent: () => undefined,
    received: () => undefined,
  };

  /** What takes the place of the platform's `fetch`. */
  readonly fetch = async (): Promise<Response> => Response.json(ANSWER, { status: this.status });

  forget(): void {
    this.sent.length = 0;
    this.refused.length = 0;
  }
}

/** What vendors answer, all in one, so that code that reads an answer goes on to its next request. */
export const ANSWER = {
  success: true,
  ok: true,
  status: "success",
  id: "1",
  type: "contact",
  name: "name",
  access_token: "fresh",
  token: "fresh",
  expires_in: 3600,
  cohort_id: "1",
  data: [{ id: "1", user_id: "user-1" }],
  results: [],
  contacts: [],
  items: [],
  errors: [],
  total_count: 0,
  accountId: "1",
  projectId: "1",
  revision: "1",
  events: [{ id: "1", key: "Order Completed", experimentIds: [] }],
};
