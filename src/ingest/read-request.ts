import { err, ok, type Result } from "../core/result.ts";
import type { Refusal } from "./answers.ts";
import { TOO_LARGE } from "./body.ts";
import { rawText } from "./event-view.ts";
import { NESTING_MAX } from "./scan-body.ts";
import { LINES_BYTES_MAX } from "./limits.ts";
import { findMember, rangeOf } from "./member-range.ts";
import { NAME } from "./member-names.ts";
import { readPayload, sharedBytesOf, type Payload, type PayloadRefusal } from "./payload.ts";
import { repairBatch } from "./repair-batch.ts";

/** What a body says: usually one payload, several when damaged envelopes had been joined. */
export type RequestContent = {
  readonly payloads: readonly Payload[];
  readonly writeKey: string | undefined;
  readonly isRepaired: boolean;
};

const MESSAGES: Readonly<Record<PayloadRefusal["kind"], string>> = {
  "not-utf8": "Cannot read the body: it is not UTF-8",
  malformed: "Cannot read the body: it is not JSON",
  "too-deep": `Cannot read the body: it is nested deeper than ${NESTING_MAX} levels`,
  "not-object": "Cannot read the body: it must be a JSON object",
  "no-batch": "Cannot read the body: batch must be an array",
};

/** Reads a body strictly, and a batch that is not JSON once more with the repair of old mobile SDKs. */
export function readContent(
  body: Uint8Array,
  shape: "batch" | "event",
): Result<RequestContent, Refusal> {
  const read = readPayload(body, shape);
  const content = read.ok
    ? { payloads: [read.value], writeKey: writeKeyOf(read.value), isRepaired: false }
    : read.error.kind === "malformed" && shape === "batch"
      ? readRepaired(body)
      : undefined;
  if (content !== undefined && linesBytesOf(content) > LINES_BYTES_MAX) return err(TOO_LARGE);
  if (content !== undefined) return ok(content);
  const kind = read.ok ? "malformed" : read.error.kind;
  return err({ code: "bad_request", message: MESSAGES[kind] });
}

/** What the lines of a request come to, at most, with the batch's members in each of them. */
function linesBytesOf({ payloads }: RequestContent): number {
  return payloads.reduce(
    (sum, payload) => sum + payload.bytes.length + payload.items.count * sharedBytesOf(payload),
    0,
  );
}

/** Envelopes that had been joined belong together only when they name the same write key. */
function readRepaired(body: Uint8Array): RequestContent | undefined {
  const payloads: Payload[] = [];
  for (const envelope of repairBatch(body) ?? []) {
    const read = readPayload(envelope, "batch");
    if (!read.ok) return undefined;
    payloads.push(read.value);
  }
  const [writeKey, ...others] = new Set(payloads.map(writeKeyOf));
  if (payloads.length === 0 || others.length > 0) return undefined;
  return { payloads, writeKey, isRepaired: true };
}

/** The `writeKey` of the body: of the envelope, or of the one event. */
function writeKeyOf(payload: Payload): string | undefined {
  const range = payload.envelope.count > 0 ? rangeOf(payload.envelope) : firstEvent(payload);
  const member = findMember(range, NAME.writeKey);
  if (member < 0) return undefined;
  const raw = rawText(payload, range.members.value(member), range.members.end(member));
  const value: unknown = raw.startsWith('"') ? JSON.parse(raw) : undefined;
  return typeof value === "string" && value !== "" ? value : undefined;
}

function firstEvent({ items }: Payload): Parameters<typeof findMember>[0] {
  return { members: items.members, first: items.first(0), last: items.last(0) };
}
