import type {
  BatchResult,
  RecordResult,
  Target,
  TargetBatch,
  TargetRecord,
} from "../../../src/sync/target/target.ts";
import { CALM, type Life, type Weather } from "./run-model.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A destination in memory that refuses, tarries and fails as it is told. */
export class RunTarget implements Target {
  readonly limits: Target["limits"];
  /** Records by their identifier. */
  readonly records = new Map<string, Fields>();
  /** Hashes of keys that it took although nobody may have recorded it. */
  readonly uncertain = new Set<string>();
  weather: Weather = CALM;
  /** Told of each record that was sent, whatever became of it. */
  sent: (batch: TargetBatch, record: TargetRecord) => void = () => undefined;
  /** Called before and after a call works. */
  step: () => void = () => undefined;
  #calls = 0;

  constructor(limits: Life["limits"]) {
    this.limits = limits;
  }

  begin(weather: Weather): void {
    this.weather = weather;
    this.#calls = 0;
  }

  async send(batch: TargetBatch, signal: AbortSignal): Promise<BatchResult> {
    const { failsAt, retries, retryAfterMs, refusesWhole } = this.weather;
    const call = this.#calls++;
    this.step();
    if (signal.aborted) return { kind: "retry", code: "aborted" };
    for (const record of batch.records) this.sent(batch, record);
    if (failsAt !== undefined && call >= failsAt) {
      return { kind: "failed", code: "gone", message: "The destination is gone." };
    }
    if (retries.includes(call)) {
      const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
      return { kind: "retry", code: "busy", ...wait };
    }
    const refused = batch.records.map((record) => this.#refuses(record));
    if (refusesWhole && refused.includes(true)) return { kind: "refused", reason: "no" };
    const results = batch.records.map((record, at) =>
      refused[at] === true ? REJECTED : this.#take(batch, record),
    );
    // It has them, and whoever sent them may die before they hear of it.
    this.step();
    return { kind: "answered", results };
  }

  async test() {
    return [];
  }

  async objects() {
    return [];
  }

  async fields() {
    return [];
  }

  async count(): Promise<number> {
    return this.records.size;
  }

  #refuses({ identifier }: TargetRecord): boolean {
    const { refusal } = this.weather;
    let sum = refusal;
    for (const char of identifier) sum += char.charCodeAt(0);
    return refusal >= 0 && sum % 4 === 0;
  }

  #take(
    { operation }: Pick<TargetBatch, "operation">,
    { identifier, fields, idempotencyKey }: TargetRecord,
  ): RecordResult {
    const held = this.records.get(identifier);
    const isLeft =
      (operation === "update" && held === undefined) ||
      (operation === "insert" && held !== undefined);
    if (isLeft) return { kind: "skipped" };
    this.uncertain.add(keyHashOf(idempotencyKey));
    if (operation === "delete") this.records.delete(identifier);
    else this.records.set(identifier, { ...held, ...fields });
    return { kind: "accepted" };
  }
}

/** The hash of the key that a record is of. */
export function keyHashOf(idempotencyKey: string): string {
  return idempotencyKey.split(":")[1] ?? "";
}

const REJECTED: RecordResult = { kind: "rejected", reason: "not this one" };
