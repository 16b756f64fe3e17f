import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DATA_MAP = fileURLToPath(new URL("../../../docs/data-map.md", import.meta.url));

/** What is not about single users, or says nothing of whom it is about without a key. */
const NAMES_NOBODY = /^(?:no\b|names\b|keyed hashes\b|as `|the key\b)/;

/** Every table and prefix that may name users, as `IngestQueue log_<n>`, in the order of the document. */
export function storesOfUsers(
  markdown: string = readFileSync(DATA_MAP, "utf8"),
): readonly string[] {
  const stores: string[] = [];
  let heading = "";
  for (const line of markdown.split("\n")) {
    heading = /^## (.+)$/.exec(line)?.[1] ?? heading;
    const [, name, holds] = /^\| `([^`]+)` \| ([^|]+) \|/.exec(line) ?? [];
    const isOfUsers = holds !== undefined && !NAMES_NOBODY.test(holds.trim());
    if (name !== undefined && isOfUsers) stores.push(`${heading} ${name}`);
  }
  return stores;
}
