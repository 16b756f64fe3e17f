import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";

/** A request as it goes over the wire: nothing is added but what is said here, `Host` and a length. */
export type RawRequest = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Compresses the body, and says so. */
  readonly gzip?: boolean;
  /** Sends the body in chunks, without saying how long it is. */
  readonly chunked?: boolean;
};

export type RawAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Without the compression that the request may have asked for. */
  readonly body: Buffer;
};

/** Small enough that every vector comes in several. */
const CHUNK_BYTES = 100;

/** Sends `raw` to the host and port of `base`. */
export function sendRaw(base: string, raw: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  const method = raw.method ?? "POST";
  const plain = Buffer.from(raw.body ?? "");
  const body = raw.gzip === true ? gzipSync(plain) : plain;
  const headers: Record<string, string> = { ...raw.headers };
  if (raw.gzip === true) headers["content-encoding"] = "gzip";
  if (raw.chunked === true) headers["transfer-encoding"] = "chunked";
  else if (method !== "GET") headers["content-length"] ??= String(body.length);
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path: raw.path, headers, agent: false };
    const outgoing = httpRequest(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const received = Buffer.concat(chunks);
        const isGzip = answer.headers["content-encoding"] === "gzip";
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: isGzip ? gunzipSync(received) : received,
        });
      });
    });
    outgoing.on("error", reject);
    const size = raw.chunked === true ? CHUNK_BYTES : Math.max(1, body.length);
    for (let at = 0; at < body.length; at += size) outgoing.write(body.subarray(at, at + size));
    outgoing.end();
  });
}

/** What an answer says, when it is JSON. */
export function jsonOf(answer: RawAnswer): Readonly<Record<string, unknown>> {
  return JSON.parse(answer.body.toString("utf8")) as Readonly<Record<string, unknown>>;
}
