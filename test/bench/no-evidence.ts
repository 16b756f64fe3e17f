import { EdgeBook } from "../../src/egress/edge-book.ts";
import { EvidenceBook } from "../../src/egress/evidence-book.ts";
import { EvidenceKeeper } from "../../durable-objects/evidence-keeper.ts";

export * from "../../src/index.ts";
export { default } from "../../src/index.ts";

/**
 * The product without its evidence: nothing is counted, written or told. An entry module of its own,
 * so that the Worker that is deployed has no switch for it.
 */
Object.assign(EvidenceBook.prototype, {
  sending: () => false,
  refused: () => false,
  sent: () => undefined,
  received: () => undefined,
});
Object.assign(EdgeBook.prototype, { count: () => undefined });
Object.assign(EvidenceKeeper.prototype, { run: () => Promise.resolve() });
