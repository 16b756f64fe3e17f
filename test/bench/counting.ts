import worker, {
  Archive as OwnArchive,
  ArchiveMonth as OwnArchiveMonth,
  DeliveryLane as OwnDeliveryLane,
  IngestQueue as OwnIngestQueue,
  RegionDirectory as OwnRegionDirectory,
  Workspace as OwnWorkspace,
} from "../../src/index.ts";
import type { Env } from "../../durable-objects/reach.ts";

/**
 * The product with a counter of what is billed as rows written, in all its objects. An entry module
 * of its own, so that the Worker that is deployed knows nothing of it. `GET /bench/rows` tells.
 */
const rows = { log: 0, dedup: 0, alarms: 0 };
let isWatching = false;

/** Counts from the first object on: all objects of one workerd share their prototypes. */
function watch(storage: DurableObjectStorage): void {
  if (isWatching) return;
  isWatching = true;
  const sql = Object.getPrototypeOf(storage.sql) as SqlStorage;
  const exec = sql.exec;
  sql.exec = function count(this: SqlStorage, query: string, ...bindings: unknown[]) {
    const cursor = exec.call(this, query, ...bindings);
    rows[query.includes("dedup_") ? "dedup" : "log"] += cursor.rowsWritten;
    return cursor;
  } as SqlStorage["exec"];
  const prototype = Object.getPrototypeOf(storage) as DurableObjectStorage;
  const setAlarm = prototype.setAlarm;
  prototype.setAlarm = function count(this: DurableObjectStorage, ...args) {
    rows.alarms += 1;
    return setAlarm.apply(this, args);
  };
}

export class Archive extends OwnArchive {
  constructor(ctx: DurableObjectState, env: Env) {
    watch(ctx.storage);
    super(ctx, env);
  }
}

export class ArchiveMonth extends OwnArchiveMonth {
  constructor(ctx: DurableObjectState, env: Env) {
    watch(ctx.storage);
    super(ctx, env);
  }
}

export class DeliveryLane extends OwnDeliveryLane {
  constructor(ctx: DurableObjectState, env: Env) {
    watch(ctx.storage);
    super(ctx, env);
  }
}

export class IngestQueue extends OwnIngestQueue {
  constructor(ctx: DurableObjectState, env: Env) {
    watch(ctx.storage);
    super(ctx, env);
  }
}

export class RegionDirectory extends OwnRegionDirectory {
  constructor(ctx: DurableObjectState, env: Env) {
    watch(ctx.storage);
    super(ctx, env);
  }
}

export class Workspace extends OwnWorkspace {
  constructor(ctx: DurableObjectState, env: Env) {
    watch(ctx.storage);
    super(ctx, env);
  }
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/bench/rows") return Response.json(rows);
    return worker.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
