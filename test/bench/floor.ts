import { DurableObject } from "cloudflare:workers";

/**
 * The floor of the benchmark: the least a durable queue can do. One read of the body, one call, one
 * row, no look at what it holds. Nothing that promises durability can be faster.
 */
type Env = { readonly LOG: DurableObjectNamespace<Log> };

/** Rows of bodies as they came. */
export class Log extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, body BLOB)");
  }

  /** The answer leaves the object once the row is on disk: the platform holds it back until then. */
  append(body: ArrayBuffer): void {
    this.ctx.storage.sql.exec("INSERT INTO log (body) VALUES (?)", body);
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const body = await request.arrayBuffer();
    await env.LOG.getByName(new URL(request.url).search).append(body);
    return Response.json({ success: true });
  },
};
