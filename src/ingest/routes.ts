import { err, ok, type Result } from "../core/result.ts";
import type { Services } from "../services.ts";
import { coloOf } from "../region/edge.ts";
import { refuse, success, type Refusal } from "./answers.ts";
import { hostRegionOf } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { corsHeaders, preflight, withCors } from "./cors.ts";
import { refuseAtHost } from "./edge.ts";
import { endpointOf, isTrackingPath, type Endpoint } from "./paths.ts";
import { pixelAnswer, pixelEvent } from "./pixel.ts";
import { takeRequest, type Origin, type TrackingCall } from "./take-request.ts";

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
  const refusal = await take(request, services, endpoint);
  if (endpoint.kind === "pixel") return pixelAnswer();
  return refusal === undefined ? undefined : refuse(refusal);
}

async function take(
  request: Request,
  services: Services,
  endpoint: Endpoint,
): Promise<Refusal | undefined> {
  const colo = services.config.edgeCheck ? coloOf(request) : undefined;
  const host = hostRegionOf(new URL(request.url), services.config);
  if (colo !== undefined) {
    const refusal = await refuseAtHost(request, colo, host, services);
    if (refusal !== undefined) return refusal;
  }
  const at: Origin = { host, colo };
  switch (endpoint.kind) {
    case "telemetry":
      return discard(request);
    case "pixel":
      return takeRequest(pixelCall(request, at, endpoint.type), services);
    case "event":
      return takeRequest(postCall(request, at, "event", endpoint), services);
    case "batch":
      return takeRequest(postCall(request, at, "batch", endpoint), services);
  }
}

/** SDKs' measurements of themselves are taken and forgotten: they are about Segment, not about users. */
async function discard(request: Request): Promise<Refusal | undefined> {
  const body = await readBody(request);
  return body.ok ? undefined : body.error;
}

function postCall(
  request: Request,
  at: Origin,
  shape: "batch" | "event",
  endpoint: Extract<Endpoint, { kind: "event" | "batch" }>,
): TrackingCall {
  return {
    request,
    at,
    shape,
    pathType: endpoint.kind === "event" ? endpoint.type : undefined,
    isClient: endpoint.isClient,
    isPixel: false,
    readBody: () => readBody(request),
  };
}

function pixelCall(request: Request, at: Origin, type: TrackingCall["pathType"]): TrackingCall {
  const event = pixelEvent(new URL(request.url).searchParams);
  const body: Result<Uint8Array, Refusal> =
    event === undefined
      ? err({ code: "bad_request", message: "Cannot read the pixel: data is not base64" })
      : ok(event.body);
  return {
    request,
    at,
    shape: "event",
    pathType: type,
    isClient: true,
    isPixel: true,
    queryKey: event?.writeKey,
    readBody: () => Promise.resolve(body),
  };
}
