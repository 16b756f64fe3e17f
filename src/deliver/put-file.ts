import { createHash } from "node:crypto";

import type { Bucket, NewObject } from "../s3/bucket.ts";
import type { Delivery, DeliveryOutcome } from "./deliverer.ts";

const OK_STATUS = 200;
const NAME_CHARS = 32;

/**
 * The name of a file for the events in it: the same events in the same order have the same name, so
 * that a file that is written again is found to be there.
 */
export function fileNameOf(deliveries: readonly Delivery[]): string {
  const hash = createHash("sha256");
  for (const { idempotencyKey } of deliveries) hash.update(`${idempotencyKey}\n`);
  return hash.digest("hex").slice(0, NAME_CHARS);
}

/**
 * Writes a file under a name of {@link fileNameOf}, once: one that stands there already is the same.
 * What the bucket refuses is tried again, because rights can be put right.
 */
export async function putFile(
  bucket: Bucket,
  key: string,
  body: Uint8Array,
  object: NewObject,
): Promise<DeliveryOutcome> {
  const put = await bucket.putNew(key, body, object);
  if (put.ok) return { kind: "delivered", status: OK_STATUS };
  const failure = put.error;
  switch (failure.kind) {
    case "already-exists":
      return { kind: "delivered", status: OK_STATUS };
    case "conflict":
      return { kind: "retry", code: "RETRY" };
    case "refused":
      return { kind: "retry", code: "INVALID_SETTINGS" };
    case "unknown":
      return { kind: "retry", code: "ETIMEDOUT" };
    case "unavailable":
      return { kind: "retry", code: String(failure.status ?? "ECONNRESET") };
  }
}
