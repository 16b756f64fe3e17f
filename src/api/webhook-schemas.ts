import {
  array,
  maxLength,
  minLength,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  string,
} from "valibot";

import type { AlertTest } from "../workspace/alert-ports.ts";
import { host } from "./schemas.ts";

const URL_CHARS_MAX = 2_000;
const SECRET_CHARS_MAX = 1_000;
const HOSTS_MAX = 10;

/** What is said of a webhook that is told something other than events. */
export const webhookDraftParts = {
  url: pipe(string(), minLength(1), maxLength(URL_CHARS_MAX)),
  secret: optional(pipe(string(), minLength(1), maxLength(SECRET_CHARS_MAX))),
  hosts: pipe(array(host), minLength(1), maxLength(HOSTS_MAX)),
};

/** What is shown of it; never its secret. */
export const webhookViewParts = {
  url: string(),
  hosts: array(string()),
  waitingNotices: number(),
};

/** What became of a notice that only says that it is a test. */
export const webhookTest = object({
  state: picklist(["delivered", "retry", "rejected", "not-ready"]),
  code: nullable(string()),
});

export function viewWebhookTest({ state, code }: AlertTest) {
  return { state, code: code ?? null };
}
