import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { MarkKind } from "./marks.ts";

const DATA_MAP = fileURLToPath(new URL("../../../docs/data-map.md", import.meta.url));

/** The rows that hold for every object. */
export const EVERY_OBJECT = "Every object";

/** What may be kept where, by `<heading> <table or prefix>`, as docs/data-map.md says. */
export function readAllowances(): ReadonlyMap<string, readonly MarkKind[]> {
  return allowancesOf(readFileSync(DATA_MAP, "utf8"));
}

/** The second column of every table of the document, as marks. */
export function allowancesOf(markdown: string): ReadonlyMap<string, readonly MarkKind[]> {
  const allowances = new Map<string, readonly MarkKind[]>();
  let heading = "";
  for (const line of markdown.split("\n")) {
    heading = /^## (.+)$/.exec(line)?.[1] ?? heading;
    const [, name, holds] = /^\| `([^`]+)` \| ([^|]+) \|/.exec(line) ?? [];
    if (name !== undefined) allowances.set(`${heading} ${name}`, kindsOf(holds ?? ""));
  }
  return allowances;
}

/** Rows themselves, or what of them has to be kept as it is. */
const ROWS = /^(?:rows|keys of rows|of a mirror the keys|the greatest value)\b/;

/** What is encrypted may not be read, so nothing may be found. */
function kindsOf(holds: string): readonly MarkKind[] {
  if (holds.includes("encrypted")) return [];
  return holds.split(/[;,]/).flatMap((part): readonly MarkKind[] => {
    const text = part.trim();
    if (/^events\b/.test(text)) return ["event"];
    if (/^ids of users\b/.test(text)) return ["subject"];
    if (ROWS.test(text)) return ["row"];
    if (/^constants\b/.test(text)) return ["rule"];
    // Records are made of rows by rules, and come with what the destination said of each.
    if (/^records\b/.test(text)) return ["row", "rule", "vendor"];
    if (text === "names") return ["name"];
    if (text.startsWith("the key of the keyed hashes")) return ["fingerprint-key"];
    if (text.startsWith("the private key that signs heads")) return ["audit-key"];
    return [];
  });
}
