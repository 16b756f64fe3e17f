import { DurableObject } from "cloudflare:workers";

/**
 * What one writes first: the body parsed, a row for each event, and its messageId as the key that
 * keeps duplicates out.
 */
type Event = { readonly messageId: string };
type Env = { readonly QUEUE: DurableObjectNamespace<Queue> };

/** A row per event. */
export class Queue extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, event TEXT) WITHOUT ROWID",
    );
  }

  /** The answer leaves the object once the rows are on disk: the platform holds it back until then. */
  append(events: readonly Event[]): void {
    const receivedAt = new Date().toISOString();
    for (const event of events) {
      this.ctx.storage.sql.exec(
        "INSERT OR IGNORE INTO events (id, event) VALUES (?, ?)",
        event.messageId,
        JSON.stringify({ ...event, receivedAt }),
      );
    }
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const body = await request.json<{ batch: Event[] } | Event>();
    const events = "batch" in body ? body.batch : [body];
    await env.QUEUE.getByName(new URL(request.url).search).append(events);
    return Response.json({ success: true });
  },
};
