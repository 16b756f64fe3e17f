import { sipKey } from "../core/siphash.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { WriteKey } from "../region/write-key.ts";
import type { HostRegion, Services } from "../services.ts";
import type { SourceConfig } from "../workspace/source-config.ts";
import { acceptEvents } from "./accept-events.ts";
import { appendEvents } from "./append-events.ts";
import type { Append, EdgeNote } from "./append.ts";
import type { Refusal } from "./answers.ts";
import { headerWriteKey, regionRefusal, sourceRefusal, verifyWriteKey } from "./authenticate.ts";
import type { EventType } from "./check-event.ts";
import { countAtSource, emptyAppend } from "./count-at-source.ts";
import { ipForContext } from "./client-ip.ts";
import { ITEM_MESSAGES } from "./codes.ts";
import { judgeForSource } from "./edge.ts";
import { readContent } from "./read-request.ts";

/** Where a request came in: the host it asked, and the place, unless that is not checked. */
export type Origin = { readonly host: HostRegion; readonly colo: string | undefined };

/** One request as its endpoint hands it on. */
export type TrackingCall = {
  readonly request: Request;
  readonly at: Origin;
  readonly shape: "batch" | "event";
  /** The call that the path names, for a single event. */
  readonly pathType: EventType | undefined;
  readonly isClient: boolean;
  readonly isPixel: boolean;
  /** A write key that stands outside header and body. */
  readonly queryKey?: string | undefined;
  readonly readBody: () => Promise<Result<Uint8Array, Refusal>>;
};

/** A source whose key was shown and holds. */
type Caller = {
  readonly key: WriteKey;
  readonly config: SourceConfig;
  /** How the request is counted by its place, once that was judged. */
  readonly edge?: EdgeNote;
};

const RETRY_AFTER_MS = 5000;

const UNAVAILABLE: Refusal = {
  code: "unavailable",
  message: "The workspace cannot be reached now: keep the data and send it again",
  retryAfterMs: RETRY_AFTER_MS,
};

/**
 * Takes the events of a request: `undefined` once all that can be kept is durable in the queues of
 * its source, else why nothing can be relied on. Whatever a rule refuses is counted at the source
 * as soon as a key has said which it is. A key in the header is judged before the body is read.
 */
export async function takeRequest(
  call: TrackingCall,
  services: Services,
): Promise<Refusal | undefined> {
  const { host } = call.at;
  if (host === undefined) {
    return { code: "unknown_host", message: "This host takes no events: it is not in HOSTS" };
  }
  const receivedAtMs = services.now();
  const headerKey = headerWriteKey(call.request.headers.get("Authorization"));
  const early =
    headerKey === undefined
      ? undefined
      : await callerOf(services, headerKey, call.at, 1, receivedAtMs);
  if (early?.ok === false) return early.error;

  const body = await call.readBody();
  const content = body.ok ? readContent(body.value, call.shape) : body;
  if (!content.ok) {
    if (early !== undefined)
      await count(services, early.value, receivedAtMs, content.error.code, 1);
    return content.error;
  }
  const { payloads, writeKey, isRepaired } = content.value;
  const items = payloads.reduce((sum, payload) => sum + payload.items.count, 0);
  const caller =
    early ?? (await callerOf(services, writeKey ?? call.queryKey, call.at, items, receivedAtMs));
  if (!caller.ok) return caller.error;

  const { key, config, edge } = caller.value;
  if (call.isPixel && !config.pixel) {
    await count(services, caller.value, receivedAtMs, "pixel_off", 1);
    return { code: "pixel_off", message: "This source takes no pixels" };
  }
  const address = call.request.headers.get("CF-Connecting-IP");
  const acceptance = acceptEvents(payloads, {
    stamp: {
      receivedAtMs,
      sourceId: config.sourceId,
      channel: call.isClient ? "client" : "server",
      ip: ipForContext(address, config.ip),
    },
    pathType: call.pathType,
    key: sipKey(config.fingerprintKey),
    random: services.random,
    schema: config.schema,
  });
  const { firstRefusal, ...kept } = acceptance;
  const refusal =
    firstRefusal === undefined ? undefined : asRefusal(call, firstRefusal.code, firstRefusal.item);
  const append: Append = {
    v: 1,
    epoch: config.route.n,
    keyVersion: key.version,
    receivedAtMs,
    ...(refusal === undefined ? kept : { ...emptyAppend(), refused: kept.refused }),
    noted: notes(isRepaired, host, config),
    ...(edge === undefined ? {} : { edge }),
  };
  return (await appendEvents(services, config.sourceId, append, config.route)) ?? refusal;
}

/**
 * Whether a refused item makes the whole request an error: always in strict mode, and, as Segment
 * does, for a single event that is too large. Then nothing of the request is stored.
 */
function asRefusal(
  call: TrackingCall,
  code: keyof typeof ITEM_MESSAGES,
  item: number,
): Refusal | undefined {
  const isStrict = call.request.headers.get("X-Strict-Mode") === "1";
  if (!isStrict && !(call.shape === "event" && code === "event_too_large")) return undefined;
  const where = call.shape === "batch" && code !== "empty_batch" ? `batch[${item}]: ` : "";
  return { code, message: where + ITEM_MESSAGES[code] };
}

/** The source behind a key, or why it may not send here, which is counted at its home. */
async function callerOf(
  services: Services,
  text: string | undefined,
  { host, colo }: Origin,
  items: number,
  receivedAtMs: number,
): Promise<Result<Caller, Refusal>> {
  const key = verifyWriteKey(text, services.config);
  if (!key.ok) return key;
  const found = await lookUp(services, key.value);
  const misplaced = regionRefusal(key.value, host, services.config);
  if (!found.ok) return misplaced === undefined ? found : err(misplaced);
  const refusal = misplaced ?? sourceRefusal(key.value, found.value.config);
  if (refusal !== undefined) {
    await count(services, found.value, receivedAtMs, refusal.code, items);
    return err(refusal);
  }
  if (colo === undefined) return found;
  const edge = judgeForSource(colo, key.value.region, found.value.config, services);
  return "code" in edge ? err(edge) : ok({ ...found.value, edge });
}

async function lookUp(services: Services, key: WriteKey): Promise<Result<Caller, Refusal>> {
  const source = await services.sourceConfig(key.sourceId).catch(() => undefined);
  if (source === undefined || source.kind === "unavailable") return err(UNAVAILABLE);
  if (source.kind === "unknown") {
    return err({ code: "unknown_source", message: "No source has this write key" });
  }
  return ok({ key, config: source.config });
}

/** Counts a refusal at its source. Nothing is stored. */
async function count(
  services: Services,
  caller: Caller,
  receivedAtMs: number,
  code: string,
  items: number,
): Promise<void> {
  await countAtSource(services, caller, receivedAtMs, { refused: { [code]: items } });
}

function notes(
  isRepaired: boolean,
  host: HostRegion,
  config: SourceConfig,
): Readonly<Record<string, number>> {
  const isElsewhere = host !== "any" && host !== config.route.ingestRegion;
  return {
    ...(isRepaired ? { repaired_batch: 1 } : {}),
    ...(isElsewhere ? { other_ingest_host: 1 } : {}),
  };
}
