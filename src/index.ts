// First of all, so that no module after it holds the platform's own ways to the outside.
import "./egress/install.ts";

import { reach, type Env, type Reach } from "../durable-objects/reach.ts";
import { handleCensus } from "./api/census/router.ts";
import { handleApi } from "./api/router.ts";
import { parseConfig, type Config } from "./config.ts";
import { workspaceOf } from "./core/ids.ts";
import { handleIngest } from "./ingest/routes.ts";
import { HOME_REGION_NAMES, isHomeRegion } from "./region/regions.ts";
import { handleSdk, type SdkServices } from "./sdk/routes.ts";
import { logFault } from "./telemetry/log.ts";
import { EdgeTally } from "./workspace/edge-tally.ts";
import type { ApiServices } from "./workspace/ports.ts";
import { SourceConfigs } from "./workspace/source-configs.ts";

export { Archive } from "../durable-objects/archive.ts";
export { ArchiveMonth } from "../durable-objects/archive-month.ts";
export { DeliveryLane } from "../durable-objects/delivery-lane.ts";
export { IngestQueue } from "../durable-objects/ingest-queue.ts";
export { RegionDirectory } from "../durable-objects/region-directory.ts";
export { Replay } from "../durable-objects/replay.ts";
export { Sync } from "../durable-objects/sync.ts";
export { Workspace } from "../durable-objects/workspace.ts";

/** What an isolate makes of its bindings and settings, once. */
type Ground = { readonly config: Config; readonly ways: Reach };

const grounds = new WeakMap<Env, Ground>();
/** Why there is no ground. Settings do not change while an isolate lives, so they are read once. */
const refusals = new WeakMap<Env, Error>();
/** The request id under which this isolate logged that its settings are wrong. */
let settingsFaultId: string | undefined;
const sourceConfigs = new SourceConfigs();
const edgeTally = new EdgeTally();

/** The Worker: tracking API, management API, cron. Everything else it does is done by objects. */
export default {
  async fetch(request, env, ctx) {
    try {
      const services = servicesOf(env, ctx);
      const answer =
        (await handleIngest(request, services)) ??
        (await handleSdk(request, services)) ??
        (await handleApi(request, services)) ??
        (await handleCensus(request, services));
      return (
        answer ??
        Response.json(
          { success: false, code: "not_found", message: "No such path", error: "No such path" },
          { status: 404 },
        )
      );
    } catch (error) {
      return internalError(error);
    }
  },

  async scheduled(_controller, env, ctx) {
    const services = servicesOf(env, ctx);
    const pokes = HOME_REGION_NAMES.map((region) => services.directory(region).pokeAll());
    for (const poke of await Promise.allSettled(pokes)) {
      if (poke.status === "rejected") logFault("cron_poke_failed", {});
    }
  },
} satisfies ExportedHandler<Env>;

function groundOf(env: Env): Ground {
  const known = grounds.get(env);
  if (known !== undefined) return known;
  const refusal = refusals.get(env);
  if (refusal !== undefined) throw refusal;
  const config = readSettings(env);
  const ground = { config, ways: reach(env, config) };
  grounds.set(env, ground);
  return ground;
}

/** @throws Error that lists what is wrong, and is thrown again for every request after it. */
function readSettings(env: Env): Config {
  try {
    return parseConfig(env as unknown as Record<string, unknown>);
  } catch (error) {
    if (error instanceof Error) refusals.set(env, error);
    throw error;
  }
}

function servicesOf(env: Env, ctx: ExecutionContext): ApiServices & SdkServices {
  const { config, ways } = groundOf(env);
  return {
    ...ways,
    config,
    now: () => Date.now(),
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    sourceConfig: (sourceId) =>
      sourceConfigs.lookup(sourceId, {
        ask: () => ways.workspace(workspaceOf(sourceId)).sourceConfig(sourceId),
        now: () => Date.now(),
        later: (work) => ctx.waitUntil(work),
      }),
    learnRoute: (sourceId, route) => sourceConfigs.learn(sourceId, route),
    countEdge: (target, colo, outcome) =>
      edgeTally.count(target, colo, outcome, {
        now: () => Date.now(),
        later: (work) => ctx.waitUntil(work),
        wait: (ms) => scheduler.wait(ms),
        tell: (to, counts) =>
          isHomeRegion(to)
            ? ways.directory(to).addEdges(counts)
            : ways.workspace(to).addEdges(counts),
      }),
  };
}

/** A bug or a platform fault: counted by its request id; nothing of the error's text leaves. */
function internalError(error: unknown): Response {
  if (error instanceof Error && error.message.startsWith("Cannot start, ")) {
    return unavailable(settingsFault(error.message));
  }
  const requestId = crypto.randomUUID();
  logFault("internal", { requestId });
  return unavailable(requestId);
}

/**
 * The id under which wrong settings are found in the log. They are wrong for every request of the
 * isolate, so it says so once. The list quotes variables, never secrets.
 */
function settingsFault(problems: string): string {
  if (settingsFaultId === undefined) {
    settingsFaultId = crypto.randomUUID();
    logFault("settings_wrong", { requestId: settingsFaultId, problems });
  }
  return settingsFaultId;
}

function unavailable(requestId: string): Response {
  const message = `Something went wrong on our side; try again. Request ${requestId}`;
  return Response.json(
    { success: false, code: "internal", message, error: message, requestId },
    { status: 503, headers: { "Retry-After": "5" } },
  );
}
