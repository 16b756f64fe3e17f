import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { gunzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { encodeStrict, type AwsRequest } from "./aws-request.ts";

/** What the store answered, whole. */
export type StoreAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** Known to nobody but this process and the store it started. */
const CREDENTIALS = { accessKeyId: "AKIASTOREBEHINDGATE1", secretAccessKey: crypto.randomUUID() };
const S3_PATH = "/cdn-cgi/local/r2/s3";
/** Signed anew, or a matter between two neighbours on the way. */
const NOT_FORWARDED =
  /^(host|connection|authorization|content-length|transfer-encoding|expect|user-agent|accept-encoding|x-amz-date|x-amz-security-token|x-amz-content-sha256|x-amz-checksum-.*|x-amz-sdk-checksum-algorithm|x-amz-server-side-encryption.*|content-md5|amz-sdk-.*)$/;
/**
 * S3's own parameters only; a presigned request's signature must not reach the store, and what an answer is
 * to say of an object is the gate's matter.
 */
const NOT_FORWARDED_PARAMS = /^(X-Amz-.*|x-id|response-.*)$/i;

/**
 * Where the simulator keeps an object's encoding for us: told of it, its workerd would compress the object,
 * which is compressed already, once more for each answer.
 */
const KEPT_ENCODING = "x-amz-meta-homeport-local-encoding";

/** Cloudflare's R2 simulator with its S3 API: not ours, and not AWS. It keeps the objects. */
export class Store {
  readonly #miniflare: Miniflare;
  readonly #origin: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #signer = new SignatureV4({
    credentials: CREDENTIALS,
    region: "auto",
    service: "s3",
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });

  private constructor(miniflare: Miniflare, origin: URL) {
    this.#miniflare = miniflare;
    this.#origin = origin;
  }

  /** Starts the simulator with exactly these buckets. */
  static async open(bucketNames: readonly string[], stateDir: string | undefined): Promise<Store> {
    const r2Buckets = Object.fromEntries(
      bucketNames.map((name) => [`BUCKET:${name}`, { id: name, s3Credentials: CREDENTIALS }]),
    );
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        host: "127.0.0.1",
        port: 0,
        modules: true,
        script: "export default { fetch() { return new Response(null, { status: 404 }); } };",
        compatibilityDate: "2026-10-01",
        logRequests: false,
        r2Buckets,
        ...(stateDir === undefined ? {} : { resourcePersistencePath: stateDir }),
      }),
    );
    return new Store(miniflare, await miniflare.ready);
  }

  /** Passes a verified request on, with `extraHeaders` of ours. */
  async send(
    request: AwsRequest,
    extraHeaders: Readonly<Record<string, string>>,
  ): Promise<StoreAnswer> {
    const headers: Record<string, string> = { ...extraHeaders, host: this.#origin.host };
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === "string" && !NOT_FORWARDED.test(name)) headers[name] = value;
    }
    const encoding = headers["content-encoding"];
    if (encoding !== undefined) {
      delete headers["content-encoding"];
      headers[KEPT_ENCODING] = encoding;
    }
    // The gate has checked every digest already.
    headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
    const query = [...request.query].filter(([name]) => !NOT_FORWARDED_PARAMS.test(name));
    const path = S3_PATH + request.path;
    const signed = await this.#signer.sign({
      method: request.method,
      protocol: "http:",
      hostname: this.#origin.host,
      path,
      query: Object.fromEntries(query.map(([name, values]) => [name, [...values]])),
      headers,
      body: "",
    });
    const search = query
      .flatMap(([name, values]) =>
        values.map((value) => `${encodeStrict(name)}=${encodeStrict(value)}`),
      )
      .join("&");
    const target = search === "" ? path : `${path}?${search}`;
    const answer = await this.#exchange(request.method, target, signed.headers, request.body);
    return asStored(answer);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#miniflare.dispose();
  }

  #exchange(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
  ): Promise<StoreAnswer> {
    const { hostname, port } = this.#origin;
    const hasBody = method === "PUT" || method === "POST";
    const length = hasBody ? { "content-length": String(body.length) } : {};
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        { agent: this.#agent, hostname, port, method, path, headers: { ...headers, ...length } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 500,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(hasBody ? body : undefined);
    });
  }
}

/** An answer that names the object's encoding as it was put. */
function asStored(answer: StoreAnswer): StoreAnswer {
  const { [KEPT_ENCODING]: encoding, ...headers } = answer.headers;
  if (typeof encoding !== "string") return unpacked(answer);
  return { ...answer, headers: { ...headers, "content-encoding": encoding } };
}

/** What was put before encodings were kept apart comes compressed once more. */
function unpacked(answer: StoreAnswer): StoreAnswer {
  if (answer.headers["content-encoding"] !== "gzip" || answer.body.length === 0) return answer;
  const body = gunzipSync(answer.body);
  return { ...answer, headers: { ...answer.headers, "content-length": String(body.length) }, body };
}
