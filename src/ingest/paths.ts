import type { EventType } from "./check-event.ts";

/** What a path of the tracking API takes. */
export type Endpoint =
  /** One event; `isClient` paths are those of browsers, for which the server fills in the address. */
  | { readonly kind: "event"; readonly type: EventType; readonly isClient: boolean }
  | { readonly kind: "batch"; readonly isClient: boolean }
  | { readonly kind: "pixel"; readonly type: EventType }
  /** What SDKs measure of themselves. */
  | { readonly kind: "telemetry" };

const LONG: readonly EventType[] = ["identify", "track", "page", "screen", "group", "alias"];

const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ...LONG.flatMap((type): [string, Endpoint][] => [
    [type, { kind: "event", type, isClient: false }],
    [type.slice(0, 1), { kind: "event", type, isClient: true }],
    [`pixel/${type}`, { kind: "pixel", type }],
  ]),
  ["batch", { kind: "batch", isClient: false }],
  ["import", { kind: "batch", isClient: false }],
  ["b", { kind: "batch", isClient: true }],
  ["m", { kind: "telemetry" }],
]);

/** `/v1` once, twice (hosts are set with and without it) or not at all; a slash at the end or none. */
const PATH = /^(?:\/v1){0,2}\/([a-z]+(?:\/[a-z]+)?)\/?$/;

/** The endpoint of a path, or `undefined` when it is none of the tracking API's. */
export function endpointOf(pathname: string): Endpoint | undefined {
  const name = PATH.exec(pathname)?.[1];
  return name === undefined ? undefined : ENDPOINTS.get(name);
}

/** What SDKs load is served beside the tracking API, under paths of both forms. */
const SDK_DOCUMENT = /^(?:\/v1){1,2}\/projects\//;

/** Whether a path that is no endpoint still is the tracking API's to answer. */
export function isTrackingPath(pathname: string): boolean {
  return pathname === "/v1" || (pathname.startsWith("/v1/") && !SDK_DOCUMENT.test(pathname));
}
