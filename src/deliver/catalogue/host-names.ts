import { matchesHost } from "../../egress/host-rules.ts";

/** Whether `declared` is the host that the catalogue writes, or one that its pattern stands for. */
export function isSelfOrPattern(written: string, declared: string): boolean {
  return matchesHost({ host: written, level: "declared" }, declared);
}
