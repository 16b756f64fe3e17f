import type { ArchiveLocation } from "../../src/region/regions.ts";
import type { Operation } from "./operation.ts";

/**
 * What goes wrong. `before` is before the store saw the request; `after` is once the store took it,
 * so that a write has landed although the client is told late, wrongly or not at all.
 */
export type Fault = {
  readonly location?: ArchiveLocation;
  readonly operation?: Operation;
  readonly bucket?: string;
  readonly keyPrefix?: string;
  readonly when: "before" | "after";
  readonly effect:
    | { readonly kind: "delay"; readonly ms: number }
    | { readonly kind: "drop" }
    | { readonly kind: "answer"; readonly status: number; readonly code: string };
  /** How many requests it hits; until cleared when absent. */
  readonly times?: number;
};

/** What a request has to be to meet a fault. */
export type Target = {
  readonly location: ArchiveLocation;
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
};

/** The faults that are armed, oldest first. */
export class FaultTable {
  #armed: { readonly fault: Fault; left: number }[] = [];

  arm(fault: Fault): void {
    this.#armed.push({ fault, left: fault.times ?? Infinity });
  }

  clear(): void {
    this.#armed = [];
  }

  /** Takes the oldest fault that `target` meets at this moment, and counts it. */
  take(target: Target, when: Fault["when"]): Fault["effect"] | undefined {
    const met = this.#armed.find(({ fault }) => fault.when === when && meets(target, fault));
    if (met === undefined) return undefined;
    met.left -= 1;
    if (met.left <= 0) this.#armed = this.#armed.filter((other) => other !== met);
    return met.fault.effect;
  }
}

function meets(target: Target, fault: Fault): boolean {
  return (
    (fault.location ?? target.location) === target.location &&
    (fault.operation ?? target.operation) === target.operation &&
    (fault.bucket ?? target.bucket) === target.bucket &&
    target.key.startsWith(fault.keyPrefix ?? "")
  );
}
