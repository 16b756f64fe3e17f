import { err, ok, type Result } from "../core/result.ts";
import { refuse, type Refusal } from "../ingest/answers.ts";
import {
  hostRegionOf,
  regionRefusal,
  sourceRefusal,
  verifyWriteKey,
} from "../ingest/authenticate.ts";
import { preflight, withCors } from "../ingest/cors.ts";
import { countAtSource } from "../ingest/count-at-source.ts";
import type { Services } from "../services.ts";
import { BUNDLE_ASSETS, fillBundle } from "./browser-bundle.ts";
import { etagOf, isKnown, NEVER_CHANGES, sdkHeaders } from "./caching.ts";
import { sdkPathOf, type SdkPath } from "./paths.ts";
import { regionalHost, schemeOf, type Scheme } from "./regional-host.ts";
import { settingsDocument } from "./settings-document.ts";

/** What these documents need besides what every handler may reach. */
export interface SdkServices extends Services {
  /** The text of a built file; `undefined` when there is none. */
  asset(path: string): Promise<string | undefined>;
}

const RETRY_AFTER_MS = 5000;
const METHODS = "GET, HEAD, OPTIONS";

/**
 * What SDKs load before they send: the settings document of a source and the browser bundle, both
 * with the host of the source's present ingest region in them; `undefined` for any other path.
 */
export async function handleSdk(
  request: Request,
  services: SdkServices,
): Promise<Response | undefined> {
  const url = new URL(request.url);
  const path = sdkPathOf(url.pathname);
  if (path === undefined) return undefined;
  if (request.method === "OPTIONS") return withCors(request, preflight(request));
  const answered = await answer(request, url, path, services);
  return withCors(request, answered.ok ? answered.value : refused(answered.error));
}

async function answer(
  request: Request,
  url: URL,
  path: SdkPath,
  services: SdkServices,
): Promise<Result<Response, Refusal>> {
  if (path.kind === "unknown") {
    return err({ code: "not_found", message: "Nothing is served to SDKs at this path" });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return err({ code: "method_not_allowed", message: "This path takes GET", allow: METHODS });
  }
  if (hostRegionOf(url, services.config) === undefined) {
    return err({ code: "unknown_host", message: "This host serves no SDKs: it is not in HOSTS" });
  }
  if (path.kind === "part") return part(request, path.asset, services);
  const home = await sourceHost(url, path.writeKey, services);
  if (!home.ok) return home;
  const { host, scheme } = home.value;
  if (path.kind === "settings") {
    const document = settingsDocument(path.writeKey, host, scheme);
    return ok(await fresh(request, JSON.stringify(document), "application/json"));
  }
  const template = await services.asset(BUNDLE_ASSETS.script);
  if (template === undefined) return err(notBuilt());
  const script = fillBundle(template, {
    writeKey: path.writeKey,
    origin: `${scheme}://${host}`,
    apiHost: `${host}/v1`,
  });
  return ok(await fresh(request, script, "text/javascript; charset=utf-8"));
}

type SourceHost = { readonly host: string; readonly scheme: Scheme };

/** Where the source of a key takes its events in now, once key, region and source are in order. */
async function sourceHost(
  url: URL,
  writeKey: string,
  services: SdkServices,
): Promise<Result<SourceHost, Refusal>> {
  const { config } = services;
  const key = verifyWriteKey(writeKey, config);
  if (!key.ok) return key;
  const misplaced = regionRefusal(key.value, hostRegionOf(url, config), config);
  const source = await services.sourceConfig(key.value.sourceId).catch(() => undefined);
  if (source === undefined || source.kind !== "found") {
    return err(misplaced ?? (source === undefined ? unavailable() : notFound(source.kind)));
  }
  const refusal = misplaced ?? sourceRefusal(key.value, source.config);
  if (refusal !== undefined) {
    // Whoever is refused here sends nothing afterwards, so that this count is all that is ever seen.
    const known = { key: key.value, config: source.config };
    await countAtSource(services, known, services.now(), {
      refused: {},
      noted: { [`sdk_refused_${refusal.code}`]: 1 },
    });
    return err(refusal);
  }
  const { ingestRegion } = source.config.route;
  const host = regionalHost(ingestRegion, config, url);
  if (host !== undefined) return ok({ host, scheme: schemeOf(url, config) });
  return err({
    code: "no_regional_host",
    message: `The source takes its events in at ${ingestRegion}, where this deployment has no host: add one to HOSTS`,
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/** A file that is the same for everybody. The name of a script changes with its content. */
async function part(
  request: Request,
  asset: string,
  services: SdkServices,
): Promise<Result<Response, Refusal>> {
  const text = await services.asset(asset);
  if (text === undefined) {
    return err({ code: "not_found", message: "The bundle has no such part" });
  }
  if (!asset.endsWith(".js")) return ok(await fresh(request, text, "text/plain; charset=utf-8"));
  const headers = sdkHeaders("text/javascript; charset=utf-8", NEVER_CHANGES);
  return ok(new Response(request.method === "HEAD" ? null : text, { headers }));
}

/** An answer that holds only until the source is changed, so every load of a page asks for it again. */
async function fresh(request: Request, text: string, type: string): Promise<Response> {
  const etag = await etagOf(text);
  const headers = { ...sdkHeaders(type), ETag: etag };
  if (isKnown(request, etag)) return new Response(null, { status: 304, headers });
  return new Response(request.method === "HEAD" ? null : text, { headers });
}

function refused(refusal: Refusal): Response {
  const response = refuse(refusal);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

function notFound(kind: "unknown" | "unavailable"): Refusal {
  return kind === "unavailable"
    ? unavailable()
    : { code: "unknown_source", message: "No source has this write key" };
}

function unavailable(): Refusal {
  return {
    code: "unavailable",
    message: "The workspace cannot be reached now: load again later",
    retryAfterMs: RETRY_AFTER_MS,
  };
}

function notBuilt(): Refusal {
  return {
    code: "unavailable",
    message: "The browser bundle is not among the assets: deploy with wrangler, which builds it",
    retryAfterMs: RETRY_AFTER_MS,
  };
}
