import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SETTINGS = fileURLToPath(new URL("../workers/wrangler.toml", import.meta.url));

/** The vars of the worker tests: simulated regions, keys of nobody. */
export function testSettings(): Record<string, string> {
  const [, vars = ""] = /\[vars\]\n(.*?)\n\n/s.exec(readFileSync(SETTINGS, "utf8")) ?? [];
  const pairs = vars.matchAll(/^(\w+) = "(.*)"$/gm);
  return Object.fromEntries(Array.from(pairs, ([, name = "", value = ""]) => [name, value]));
}
