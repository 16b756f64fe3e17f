import { err, ok, type Result } from "../core/result.ts";
import type { Services } from "../services.ts";
import { refuse, success, type Refusal } from "./answers.ts";
import { readBody } from "./body.ts";
import { corsHeaders, preflight, withCors } from "./cors.ts";
import { endpointOf, isTrackingPath, type Endpoint } from "./paths.ts";
import { pixelAnswer, pixelEvent } from "./pixel.ts";
import { takeRequest, type TrackingCall } from "./take-request.ts";

/**
 * Segment's tracking API: 200 once every event is durable in its region, an error that SDKs
 * understand otherwise; `undefined` for a path that is not the tracking API's.
 */
export async function handleIngest(
  request: Request,
  services: Services,
): Promise<Response | undefined> {
  const { pathname } = new URL(request.url);
  const endpoint = endpointOf(pathname);
  if (endpoint === undefined && !isTrackingPath(pathname)) return undefined;
  if (request.method === "OPTIONS") return withCors(request, preflight(request));
  const refused = await answer(request, services, endpoint);
  // Nearly every answer is this one, and headers that are set one by one cost more than its body.
  if (refused === undefined) return success(corsHeaders(request));
  return withCors(request, refused);
}

/** What is answered other than success. */
async function answer(
  request: Request,
  services: Services,
  endpoint: Endpoint | undefined,
): Promise<Response | undefined> {
  if (endpoint === undefined) {
    return refuse({ code: "not_found", message: "The tracking API has no such path" });
  }
  const method = endpoint.kind === "pixel" ? "GET" : "POST";
  if (request.method !== method) {
    return refuse({
      code: "method_not_allowed",
      message: `This path takes ${method}`,
      allow: `${method}, OPTIONS`,
    });
  }
  switch (endpoint.kind) {
    case "telemetry":
      return answerFor(await discard(request));
    case "pixel":
      await takeRequest(pixelCall(request, endpoint.type), services);
      return pixelAnswer();
    case "event":
      return answerFor(await takeRequest(postCall(request, "event", endpoint), services));
    case "batch":
      return answerFor(await takeRequest(postCall(request, "batch", endpoint), services));
  }
}

function answerFor(refusal: Refusal | undefined): Response | undefined {
  return refusal === undefined ? undefined : refuse(refusal);
}

/** SDKs' measurements of themselves are taken and forgotten: they are about Segment, not about users. */
async function discard(request: Request): Promise<Refusal | undefined> {
  const body = await readBody(request);
  return body.ok ? undefined : body.error;
}

function postCall(
  request: Request,
  shape: "batch" | "event",
  endpoint: Extract<Endpoint, { kind: "event" | "batch" }>,
): TrackingCall {
  return {
    request,
    shape,
    pathType: endpoint.kind === "event" ? endpoint.type : undefined,
    isClient: endpoint.isClient,
    isPixel: false,
    readBody: () => readBody(request),
  };
}

function pixelCall(request: Request, type: TrackingCall["pathType"]): TrackingCall {
  const event = pixelEvent(new URL(request.url).searchParams);
  const body: Result<Uint8Array, Refusal> =
    event === undefined
      ? err({ code: "bad_request", message: "Cannot read the pixel: data is not base64" })
      : ok(event.body);
  return {
    request,
    shape: "event",
    pathType: type,
    isClient: true,
    isPixel: true,
    queryKey: event?.writeKey,
    readBody: () => Promise.resolve(body),
  };
}
