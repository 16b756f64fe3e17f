import { createHash } from "node:crypto";

import { fieldAt, jsonOf, pathNames } from "./fields.ts";

/** Which part of events is sent: `percent` of them, from 0 to 1. */
export type Sample = {
  readonly percent: number;
  /** Events with the same value there are sent together or not at all; the messageId when absent. */
  readonly path?: string;
};

/**
 * Whether an event belongs to the sample. The same event always does or always does not, so that one
 * that is tried again, or sent again, is not sampled twice; and by the arithmetic that Segment's
 * clients describe as their server's: the first 64 bits of the MD5 of the value's JSON, as a number
 * from 0 to 1. (What @segment/tsub 2.0.1 does instead sends nearly everything.)
 */
export function isSampled(event: Readonly<Record<string, unknown>>, sample: Sample): boolean {
  if (!(sample.percent > 0)) return false;
  if (sample.percent >= 1) return true;
  const names = pathNames(sample.path ?? "") ?? [];
  const value = fieldAt(event, names.length === 0 ? ["messageId"] : names) ?? null;
  const json = jsonOf(value);
  return json !== undefined && uniform(json) < sample.percent;
}

const TWO_TO_64 = 2 ** 64;

function uniform(text: string): number {
  const digest = createHash("md5").update(text).digest();
  const first = new DataView(digest.buffer, digest.byteOffset, digest.byteLength).getBigUint64(0);
  return Number(first) / TWO_TO_64;
}
