import type { WriteKey } from "../region/write-key.ts";
import type { Services } from "../services.ts";
import type { SourceConfig } from "../workspace/source-config.ts";
import { appendEvents } from "./append-events.ts";
import type { Append } from "./append.ts";

/** A source whose key was shown and holds. */
export type KnownSource = { readonly key: WriteKey; readonly config: SourceConfig };

/** The members of an append that hold events, for one that holds none. */
export function emptyAppend(): Pick<Append, "lines" | "ends" | "prints" | "users"> {
  return {
    lines: new Uint8Array(),
    ends: new Uint32Array(),
    prints: new Uint8Array(),
    users: new Uint8Array(),
  };
}

/** Counts at a source what became of a request. A queue out of reach changes no answer. */
export async function countAtSource(
  services: Services,
  { key, config }: KnownSource,
  receivedAtMs: number,
  counts: Pick<Append, "refused" | "noted">,
): Promise<void> {
  const append: Append = {
    v: 1,
    epoch: config.route.n,
    keyVersion: key.version,
    receivedAtMs,
    ...emptyAppend(),
    ...counts,
  };
  await appendEvents(services, config.sourceId, append, config.route);
}
