import { createHash, createHmac } from "node:crypto";

import type { EgressContext } from "../../../egress/guard.ts";
import type {
  BatchResult,
  Target,
  TargetBatch,
  TargetField,
  TargetObject,
  TestStep,
} from "../target.ts";
import { postJson } from "./call.ts";

/** Of one request, unless the connection says fewer. */
const RECORDS_MAX = 1_000;
const BYTES_MAX = 1_000_000;
const CALLS = 2;
const SECOND_MS = 1_000;

export type WebhookTargetSettings = {
  readonly url: string;
  readonly secret: string;
  /** Records of one request. */
  readonly records: number | undefined;
  readonly context: EgressContext;
};

const OBJECT: TargetObject = {
  name: "records",
  label: "Records",
  operations: ["upsert", "update", "insert", "append", "delete"],
  takesAnyField: true,
  identifiersMax: 16,
};

/**
 * POSTs records to a URL, signed as Standard Webhooks are. 2xx accepts all of a request, any other
 * answer that does not pass by itself refuses it, and it is split until single records are decided.
 */
export class WebhookTarget implements Target {
  readonly limits: Target["limits"];
  readonly #settings: WebhookTargetSettings;
  readonly #now: () => number;

  constructor(settings: WebhookTargetSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
    const records = Math.min(settings.records ?? RECORDS_MAX, RECORDS_MAX);
    this.limits = { records, bytes: BYTES_MAX, calls: CALLS };
  }

  async test(): Promise<readonly TestStep[]> {
    const message = "What a URL takes is only known once records are sent: run the sync as a test.";
    return [{ step: "send", state: "skipped", message }];
  }

  async objects(): Promise<readonly TargetObject[]> {
    return [OBJECT];
  }

  async fields(): Promise<readonly TargetField[]> {
    return [];
  }

  async send(batch: TargetBatch, signal: AbortSignal): Promise<BatchResult> {
    const { operation, runId, syncId, identifiers, records } = batch;
    const keys = records.map(({ idempotencyKey }) => idempotencyKey);
    const id = createHash("sha256")
      .update(JSON.stringify([operation, keys]))
      .digest("hex");
    const body = JSON.stringify({
      syncId,
      runId,
      operation,
      identifiers,
      records: records.map(({ fields }) => fields),
    });
    const { url, context } = this.#settings;
    const headers = this.#headers(id, body);
    const answer = await postJson(context, { url, body, headers }, signal, this.#now());
    if (answer.kind !== "answer") return answer;
    const { status } = answer;
    if (status >= 200 && status < 300) {
      return { kind: "answered", results: records.map(() => ({ kind: "accepted" })) };
    }
    return { kind: "refused", reason: `the destination answered ${status}` };
  }

  #headers(id: string, body: string): Readonly<Record<string, string>> {
    const timestamp = String(Math.floor(this.#now() / SECOND_MS));
    const signature = createHmac("sha256", this.#settings.secret)
      .update(`${id}.${timestamp}.${body}`)
      .digest("base64");
    return {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
      "idempotency-key": id,
    };
  }
}
