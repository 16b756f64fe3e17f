import { CATALOGUE } from "./catalogue/catalogue.ts";
import type { DestinationKind } from "./deliverer.ts";
import { kindOf } from "./kit/offered.ts";
import { OWN_KINDS } from "./own.ts";

/** Every destination that is offered: ours, then Segment's own in the order of the catalogue. */
export const DESTINATION_KINDS: readonly DestinationKind[] = [
  ...OWN_KINDS,
  ...CATALOGUE.map(kindOf),
];
