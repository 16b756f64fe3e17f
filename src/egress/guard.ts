import { err, ok, type Result } from "../core/result.ts";
import { countingResponse } from "./body-bytes.ts";
import { showAnswer, showRequest } from "./exchange.ts";
import { judge, type EgressContact, type EgressContext, type RefusalKind } from "./judge.ts";
import { outsideFetch } from "./outside.ts";
import { isRedirect, redirected } from "./redirects.ts";

export type { EgressContact, EgressContext, EgressObserver, RefusalKind } from "./judge.ts";

/** Why nothing was sent, or for `redirected` why an answer was not followed. */
export type EgressRefusal = { readonly kind: RefusalKind; readonly host: string };

export type EgressOptions = {
  /** Bytes of the request's body, as the caller knows them. */
  readonly bodyBytes?: number;
  /** Hands a redirect that may not be followed to the caller instead of refusing it. */
  readonly showRedirect?: boolean;
};

/**
 * The only way out: no other file may call `fetch`. Sends `request` if a rule of the context allows
 * it, follows a redirect only as far as the context says and the same rules allow, and lets nothing
 * be cached, since a cache stands outside the region.
 *
 * @throws whatever `fetch` throws when the network fails or `request.signal` is aborted. A request
 * that threw may still have arrived.
 */
export async function egress(
  context: EgressContext,
  request: Request,
  options: EgressOptions = {},
): Promise<Result<Response, EgressRefusal>> {
  const hopsMax = context.followRedirects ?? 0;
  let next = request;
  let bytes = options.bodyBytes ?? 0;
  for (let hops = 0; ; hops++) {
    const sent = await send(context, next, bytes);
    if (!sent.ok || !isRedirect(sent.value)) return sent;
    if (options.showRedirect === true) return sent;
    await sent.value.body?.cancel();
    const target = hopsMax === 0 ? undefined : redirected(next, sent.value);
    if (target === undefined) return refuse(context, new URL(next.url), "redirected");
    if (hops >= hopsMax) return refuse(context, new URL(target.url), "too-many-redirects");
    next = target;
    bytes = 0;
  }
}

async function send(
  context: EgressContext,
  request: Request,
  bytes: number,
): Promise<Result<Response, EgressRefusal>> {
  const url = new URL(request.url);
  const judged = judge(context, url, {
    header: (name) => request.headers.get(name) ?? undefined,
  });
  if (!judged.ok) return refuse(context, url, judged.error);
  const contact = contactOf(context, url.host);
  await context.observe?.sending(contact, judged.value, bytes);
  const { observe } = context;
  const shown = observe?.exchange === undefined ? undefined : await showRequest(request);
  const response = await outsideFetch(request, { redirect: "manual", cache: "no-store" });
  if (shown !== undefined) observe?.exchange?.({ ...shown, ...(await showAnswer(response)) });
  if (observe === undefined) return ok(response);
  return ok(countingResponse(response, request.method, (more) => observe.received(contact, more)));
}

/** Writes down that a request was not sent, or an answer not followed. */
export async function refuse(
  context: EgressContext,
  { host }: { readonly host: string },
  kind: RefusalKind,
): Promise<Result<never, EgressRefusal>> {
  await context.observe?.refused(contactOf(context, host), kind);
  return err({ kind, host });
}

export function contactOf({ region, purpose }: EgressContext, host: string): EgressContact {
  return { region, purpose, host };
}
