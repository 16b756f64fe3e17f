import type { Delivery } from "../deliverer.ts";
import type { LaneEntry } from "./entry.ts";

type KeyOf = (event: Delivery["event"], seq: number) => string;

/** What a destination is handed of an entry. A class, because a block makes thousands of them. */
export class LaneDelivery implements Delivery {
  readonly event: Delivery["event"];
  declare readonly line?: string;
  readonly #original: Delivery["event"];
  readonly #seq: number;
  readonly #keyOf: KeyOf;
  #key: string | undefined;

  constructor(
    { seq, line }: LaneEntry,
    original: Delivery["event"],
    decided: Delivery["event"],
    keyOf: KeyOf,
  ) {
    this.event = decided;
    if (decided === original) this.line = line;
    this.#original = original;
    this.#seq = seq;
    this.#keyOf = keyOf;
  }

  /** Made when it is asked for: most vendors have no use for it, and it costs more than to parse. */
  get idempotencyKey(): string {
    return (this.#key ??= this.#keyOf(this.#original, this.#seq));
  }
}
