import { retryAfterMsOf } from "../../../deliver/answer.ts";
import { concatBytes } from "../../../core/bytes.ts";
import { withDeadline } from "../../../core/deadline.ts";
import { egress, type EgressContext } from "../../../egress/guard.ts";
import type { BatchResult } from "../target.ts";

/** Until an answer is there whole. */
const ANSWER_MS_MAX = 60_000;
/** Of an answer; 50,000 results of a hundred bytes. */
const ANSWER_BYTES_MAX = 5_000_000;

export type HttpCall = {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
};

/** What came back of a call. */
export type HttpAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly text: string;
      readonly headers: Headers;
    }
  | Extract<BatchResult, { kind: "retry" | "failed" }>;

/**
 * POSTs under the guard. What may pass comes back as `retry`, a refusal of the guard as `failed`;
 * every other answer is the caller's to judge.
 */
export async function postJson(
  context: EgressContext,
  { url, body, headers }: HttpCall,
  signal: AbortSignal,
  nowMs: number,
): Promise<HttpAnswer> {
  const bytes = new TextEncoder().encode(body);
  try {
    return await withDeadline(ANSWER_MS_MAX, signal, async (inTime): Promise<HttpAnswer> => {
      const request = new Request(url, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: bytes,
        signal: inTime,
      });
      const sent = await egress(context, request, { bodyBytes: bytes.byteLength });
      if (!sent.ok) return refusedByGuard(sent.error.kind);
      const { status, headers: answered } = sent.value;
      const text = await textOf(sent.value);
      if (text === undefined) return { kind: "retry", code: "answer_too_large" };
      return isPassing(status)
        ? laterBy(status, answered.get("retry-after"), nowMs)
        : { kind: "answer", status, text, headers: answered };
    });
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    return { kind: "retry", code: isLate ? "timed_out" : "cut_off" };
  }
}

/** Statuses after which the same call can succeed. */
function isPassing(status: number): boolean {
  return [408, 423, 425, 429].includes(status) || (status >= 500 && status !== 501);
}

function laterBy(status: number, retryAfter: string | null, nowMs: number): HttpAnswer {
  const retryAfterMs = retryAfterMsOf(retryAfter, nowMs);
  const code = `http_${status}`;
  return { kind: "retry", code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function refusedByGuard(kind: string): HttpAnswer {
  const isTheirs = kind === "redirected" || kind === "too-many-redirects";
  return {
    kind: "failed",
    code: isTheirs ? "redirected" : "refused_by_guard",
    message: isTheirs
      ? "The destination answers with a redirect; name the address that it leads to."
      : "The host is not declared to be in the region.",
  };
}

async function textOf(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > ANSWER_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(concatBytes(chunks));
}
