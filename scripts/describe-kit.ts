import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { buildKit } from "./kit/build.ts";
import { descriptionsText } from "./kit/describe.ts";
import { regionalSupportText } from "./kit/regional-support.ts";

/**
 * After an upgrade of the kit, or a change of `src/deliver/catalogue/destinations.json`: writes what
 * is derived from them. Tests fail while these files are stale.
 */
const ROOT = new URL("../", import.meta.url);

await buildKit();
await put("src/deliver/catalogue/kit-descriptions.json", await descriptionsText());
await put("docs/regional-support.md", regionalSupportText());

async function put(path: string, text: string): Promise<void> {
  await writeFile(fileURLToPath(new URL(path, ROOT)), text);
}
