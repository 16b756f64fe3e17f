import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An object of the bucket; `etag` changes with every write. */
type Stored = { readonly bytes: Uint8Array; readonly etag: string; readonly atMs: number };

/** A bucket on the loopback address that lists and gives objects, also by ranges, to anybody. */
export class MemoryBucket {
  readonly #objects = new Map<string, Stored>();
  readonly #server: Server;
  /** Bytes after which the next object breaks off; none while it is not set. */
  breaksAfter: number | undefined;
  /** Bodies of objects handed out. */
  gets = 0;
  /** Pages of listings handed out. */
  lists = 0;
  #writes = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://bucket");
      const key = decodeURIComponent(url.pathname.replace(/^\/bucket\/?/, ""));
      if (key === "") this.#list(url.searchParams, response);
      else this.#get(key, request.headers.range, response);
    });
  }

  static async start(): Promise<MemoryBucket> {
    const bucket = new MemoryBucket();
    bucket.#server.listen(0, "127.0.0.1");
    await once(bucket.#server, "listening");
    return bucket;
  }

  /** As a connection names it. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/bucket`;
  }

  /** Writes an object; each is written a second after the one before it. */
  put(key: string, body: Uint8Array | string): void {
    this.#writes += 1;
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const atMs = Date.UTC(2026, 2, 1) + this.#writes * 1_000;
    this.#objects.set(key, { bytes, etag: `"${this.#writes}"`, atMs });
  }

  clear(): void {
    this.#objects.clear();
    this.breaksAfter = undefined;
    this.gets = 0;
    this.lists = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    this.lists += 1;
    const after = query.get("start-after") ?? "";
    const prefix = query.get("prefix") ?? "";
    const max = Number(query.get("max-keys"));
    const found = [...this.#objects]
      .filter(([key]) => key.startsWith(prefix) && key > after)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    const contents = found
      .slice(0, max)
      .map(
        ([key, { bytes, atMs }]) =>
          `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${bytes.length}</Size>` +
          `<LastModified>${new Date(atMs).toISOString()}</LastModified></Contents>`,
      );
    response.end(
      `<ListBucketResult><EncodingType>url</EncodingType>` +
        `<IsTruncated>${found.length > max}</IsTruncated>${contents.join("")}</ListBucketResult>`,
    );
  }

  #get(key: string, range: string | undefined, response: ServerResponse): void {
    const object = this.#objects.get(key);
    if (object === undefined) {
      response.writeHead(404).end();
      return;
    }
    this.gets += 1;
    const [, from, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
    const bytes = object.bytes.subarray(
      Number(from ?? 0),
      last === undefined ? undefined : Number(last) + 1,
    );
    const status = range === undefined ? 200 : 206;
    response.writeHead(status, { etag: object.etag, "content-length": bytes.length });
    if (this.breaksAfter === undefined) {
      response.end(bytes);
      return;
    }
    response.write(bytes.subarray(0, this.breaksAfter), () => response.destroy());
  }
}
