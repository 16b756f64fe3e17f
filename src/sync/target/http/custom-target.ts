import { readJson } from "../../../core/read-json.ts";
import type { EgressContext } from "../../../egress/guard.ts";
import type {
  BatchResult,
  RecordResult,
  Target,
  TargetBatch,
  TargetField,
  TargetObject,
  TargetOperation,
  TestStep,
} from "../target.ts";
import { postJson } from "./call.ts";
import {
  fieldsOf,
  objectsOf,
  operationsOf,
  resultsOf,
  speedOf,
  type Speed,
} from "./custom-answers.ts";

/** Bytes of one batch, whatever the destination says of records. */
const BYTES_MAX = 4_000_000;

export type CustomSettings = {
  readonly url: string;
  readonly token: string | undefined;
  readonly context: EgressContext;
};

/** What a call of the protocol came to. */
type Called =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "refused"; readonly reason: string }
  | Extract<BatchResult, { kind: "retry" | "failed" }>;

/**
 * A destination that speaks the open custom-destination protocol: JSON-RPC 2.0 over one URL. A record
 * that it does not report as success is rejected, and comes again with the next run.
 */
export class CustomTarget implements Target {
  readonly limits: Target["limits"];
  readonly #settings: CustomSettings;
  readonly #now: () => number;
  #calls = 0;

  private constructor(settings: CustomSettings, speed: Speed, now: () => number) {
    this.#settings = settings;
    this.#now = now;
    this.limits = { ...speed, bytes: BYTES_MAX };
  }

  /** Asks the destination how fast it wants records; one that does not say gets them carefully. */
  static async open(
    settings: CustomSettings,
    now: () => number,
    signal: AbortSignal,
  ): Promise<CustomTarget> {
    const asking = new CustomTarget(settings, speedOf(undefined), now);
    const asked = await asking.#call("get_sync_speed", {}, signal);
    return new CustomTarget(
      settings,
      speedOf(asked.kind === "result" ? asked.result : undefined),
      now,
    );
  }

  async test(signal: AbortSignal): Promise<readonly TestStep[]> {
    const asked = await this.#call("test_connection", {}, signal);
    const isGood =
      asked.kind === "result" && (asked.result as { success?: unknown } | null)?.success === true;
    const step = { step: "test_connection" } as const;
    if (isGood)
      return [{ ...step, state: "passed", message: "The destination says that it is ready." }];
    const message =
      asked.kind === "failed"
        ? asked.message
        : asked.kind === "retry"
          ? `The destination did not answer (${asked.code}).`
          : "The destination says that it is not ready; its own log says why.";
    return [{ ...step, state: "failed", message }];
  }

  async objects(signal: AbortSignal): Promise<readonly TargetObject[]> {
    const asked = await this.#call("list_objects", {}, signal);
    const listed = objectsOf(asked.kind === "result" ? asked.result : undefined);
    return Promise.all(
      listed.map(async (object): Promise<TargetObject> => {
        const said = await this.#call(
          "supported_operations",
          { object: { object_api_name: object.name } },
          signal,
        );
        return {
          ...object,
          operations: operationsOf(said.kind === "result" ? said.result : undefined),
        };
      }),
    );
  }

  async fields(object: string, signal: AbortSignal): Promise<readonly TargetField[]> {
    const asked = await this.#call("list_fields", { object: { object_api_name: object } }, signal);
    return fieldsOf(asked.kind === "result" ? asked.result : undefined);
  }

  async send(batch: TargetBatch, signal: AbortSignal): Promise<BatchResult> {
    const { object, operation, records, runId, syncId, identifiers } = batch;
    const names = [...new Set(records.flatMap(({ fields }) => Object.keys(fields)))];
    const schema = Object.fromEntries(
      names.map((name) => [
        name,
        { active_identifier: identifiers.includes(name), field: { field_api_name: name } },
      ]),
    );
    const asked = await this.#call(
      "sync_batch",
      {
        sync_plan: {
          object: { object_api_name: object },
          operation: wireOperation(operation),
          sync_run_id: runId,
          sync_id: syncId,
          schema,
        },
        records: records.map(({ fields }) => fields),
      },
      signal,
    );
    if (asked.kind !== "result") return asked;
    const results = resultsOf(asked.result, records);
    if (results === undefined)
      return { kind: "refused", reason: "the answer had no record_results" };
    return { kind: "answered", results: results satisfies readonly RecordResult[] };
  }

  async #call(method: string, params: object, signal: AbortSignal): Promise<Called> {
    const { url, token, context } = this.#settings;
    this.#calls += 1;
    const body = JSON.stringify({ jsonrpc: "2.0", method, id: String(this.#calls), params });
    const headers: Record<string, string> =
      token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await postJson(context, { url, body, headers }, signal, this.#now());
    if (answer.kind !== "answer") return answer;
    const { status, text } = answer;
    if (status === 401 || status === 403) {
      return {
        kind: "failed",
        code: `http_${status}`,
        message: "The destination does not take the token.",
      };
    }
    const said = readJson(text) as
      | { readonly result?: unknown; readonly error?: unknown }
      | undefined;
    if (status !== 200 || said === undefined || said === null || said.error !== undefined) {
      return { kind: "refused", reason: `the destination answered with an error (${status})` };
    }
    return { kind: "result", result: said.result };
  }
}

/** The protocol has upsert, insert, update and, for a mirror's batches, delete. */
function wireOperation(operation: TargetOperation): string {
  return operation === "append" ? "insert" : operation;
}
