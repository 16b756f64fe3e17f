import { deflateRawSync, inflateRawSync } from "node:zlib";

import { readStored } from "../../src/core/stored-json.ts";

/** A value as a small blob. */
export function pack(value: unknown): Uint8Array {
  return deflateRawSync(new TextEncoder().encode(JSON.stringify(value)), { level: 1 });
}

/** The value that {@link pack} wrote. */
export function unpack<T>(body: ArrayBuffer): T {
  return readStored<T>(new TextDecoder().decode(inflateRawSync(new Uint8Array(body))));
}
