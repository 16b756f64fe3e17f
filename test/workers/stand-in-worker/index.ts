import { DurableObject } from "cloudflare:workers";
import { AwsClient } from "aws4fetch";

type Env = {
  readonly LOG: DurableObjectNamespace<Log>;
  readonly BUCKET_EU_WEST_1: string;
  readonly S3_ACCESS_KEY_ID_EU: string;
  readonly S3_SECRET_ACCESS_KEY_EU: string;
};

/** Keeps words in a table, so that a test can see what outlives a kill. */
export class Log extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS words (word TEXT NOT NULL) STRICT");
  }

  append(word: string): void {
    this.ctx.storage.sql.exec("INSERT INTO words (word) VALUES (?)", word);
  }

  words(): string[] {
    const rows = this.ctx.storage.sql.exec<{ word: string }>("SELECT word FROM words");
    return rows.toArray().map(({ word }) => word);
  }
}

/** `/append`, `/words`, `/archive` and `/read` (a signed PUT and GET), and `/call` (a request to any host). */
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const log = env.LOG.getByName("log");
    switch (url.pathname) {
      case "/append":
        await log.append(await request.text());
        return new Response("appended");
      case "/words":
        return Response.json(await log.words());
      case "/host":
        return new Response(url.host);
      case "/archive":
        return archive(env, await request.text());
      case "/read":
        return new Response(await (await bucket(env).fetch(urlOf(env))).text());
      case "/call":
        return new Response(String((await fetch(url.searchParams.get("url") ?? "")).status));
      default:
        return new Response(null, { status: 404 });
    }
  },
  async scheduled(_controller, env) {
    await env.LOG.getByName("log").append("cron");
  },
} satisfies ExportedHandler<Env>;

/** Puts `text` as an archive file is put: compressed, and saying so. */
async function archive(env: Env, text: string): Promise<Response> {
  const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = await new Response(compressed).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const headers = {
    "content-encoding": "gzip",
    "x-amz-content-sha256": [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
  const answer = await bucket(env).fetch(urlOf(env), { method: "PUT", body, headers });
  return new Response(null, { status: answer.status });
}

function bucket(env: Env): AwsClient {
  return new AwsClient({
    accessKeyId: env.S3_ACCESS_KEY_ID_EU,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY_EU,
    service: "s3",
    region: "eu-west-1",
    retries: 0,
  });
}

function urlOf(env: Env): string {
  return `${env.BUCKET_EU_WEST_1}/word`;
}
