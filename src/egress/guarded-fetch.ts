import { bytesOfBody, countingStream } from "./body-bytes.ts";
import { currentContext } from "./current-context.ts";
import { contactOf, egress, type EgressRefusal } from "./guard.ts";
import type { EgressContext } from "./judge.ts";

/** What library code gets to see when the guard refuses: an error, as from a network that is down. */
export class EgressRefused extends TypeError {
  readonly refusal: EgressRefusal;

  constructor(refusal: EgressRefusal) {
    super(`egress_refused: ${refusal.kind}`);
    this.refusal = refusal;
  }
}

/**
 * What the global `fetch` is replaced by: the guard, in the context that the caller runs in. A
 * caller that asks for `redirect: "manual"` is shown a redirect; whatever it then fetches is judged
 * again.
 *
 * @throws Error `egress_without_context` outside of `runInEgress`.
 * @throws EgressRefused when the context does not allow the request.
 */
export async function guardedFetch(
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> {
  const context = currentContext();
  const given = new Request(input, { ...init, ...NO_PLATFORM_OPTIONS });
  const known = given.body === null ? 0 : (bytesOfBody(init?.body) ?? lengthOf(given));
  const request = known === undefined ? counted(given, context) : given;
  const sent = await egress(context, request, {
    bodyBytes: known ?? 0,
    showRedirect: given.redirect === "manual",
  });
  if (!sent.ok) throw new EgressRefused(sent.error);
  return sent.value;
}

/** Cloudflare's own options could have the answer cached, or another host asked than the URL names. */
const NO_PLATFORM_OPTIONS = { cf: {} } as RequestInit;

/** What a Request that was made elsewhere says of its body. */
function lengthOf({ headers }: Request): number | undefined {
  const length = Number(headers.get("content-length") ?? NaN);
  return Number.isSafeInteger(length) ? length : undefined;
}

/** A request whose body is counted while it is sent, since nothing says its length beforehand. */
function counted(request: Request, context: EgressContext): Request {
  const { observe } = context;
  if (request.body === null || observe === undefined) return request;
  const contact = contactOf(context, new URL(request.url).host);
  const body = countingStream(request.body, (bytes) => observe.sent(contact, bytes));
  // Node wants to be told that the answer may not begin before the body has ended.
  return new Request(request, { body, duplex: "half" } as RequestInit);
}
