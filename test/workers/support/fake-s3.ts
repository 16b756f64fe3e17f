import { vi } from "vitest";

type Stored = { readonly bytes: Uint8Array; readonly headers: Readonly<Record<string, string>> };

/** A PUT that was sent and not answered. */
export type LostPut = {
  readonly isSent: () => boolean;
  readonly land: () => Promise<Response>;
};

/**
 * The S3 of all locations, in memory, in the place of the network: what the objects send ends here.
 * It checks no signatures; test/unit/s3/bucket.test.ts is where those are tried.
 */
export class FakeS3 {
  /** By `https://host/bucket/key`, decoded. */
  readonly objects = new Map<string, Stored>();
  readonly requests: string[] = [];
  readonly #etags = new WeakMap<Stored, number>();
  #lastEtag = 0;
  /** Answers instead of the bucket when it returns something. */
  intercept: (request: Request) => Response | undefined | Promise<Response | undefined> = () =>
    undefined;

  /** Takes the place of `fetch` until the test is over. */
  install(): this {
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const request = new Request(input, init);
      const url = decodeURIComponent(request.url.replace(/\?.*$/, ""));
      this.requests.push(`${request.method} ${url}`);
      const intercepted = await this.intercept(request);
      if (intercepted !== undefined) return intercepted;
      if (request.method === "POST") return this.#removeMany(await request.text(), url);
      return request.method === "PUT" ? this.#take(request, url) : this.#answer(request, url);
    });
    return this;
  }

  put(url: string, bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): void {
    this.objects.set(url, { bytes, headers });
  }

  /** Has the next PUT of such a key end without an answer; it lands when it is told to. */
  loseNextPut(part: string): LostPut {
    const before = this.intercept;
    let lost: { readonly url: string; readonly init: RequestInit } | undefined;
    this.intercept = async (request) => {
      if (lost !== undefined || request.method !== "PUT" || !request.url.includes(part)) {
        return before(request);
      }
      const { url, method, headers } = request;
      lost = { url, init: { method, headers: [...headers], body: await request.arrayBuffer() } };
      throw new TypeError("Cannot reach it");
    };
    return {
      isSent: () => lost !== undefined,
      land: () => {
        if (lost === undefined) throw new Error("Cannot test: no such PUT was sent");
        return fetch(lost.url, lost.init);
      },
    };
  }

  async #take(request: Request, url: string): Promise<Response> {
    const asked = request.headers.get("if-match");
    const isAsked = asked === null ? !this.objects.has(url) : asked === this.#etagOf(url);
    if (!isAsked) return errorXml(412, "PreconditionFailed");
    const meta = [...request.headers].filter(([name]) => name.startsWith("x-amz-meta-"));
    this.put(url, new Uint8Array(await request.arrayBuffer()), Object.fromEntries(meta));
    return new Response(null, { headers: { etag: '"0"' } });
  }

  /** Another one for every object that is put. */
  #etagOf(url: string): string | undefined {
    const stored = this.objects.get(url);
    if (stored === undefined) return undefined;
    const number = this.#etags.get(stored) ?? (this.#lastEtag += 1);
    this.#etags.set(stored, number);
    return `"${number}"`;
  }

  #answer(request: Request, url: string): Response {
    const params = new URL(request.url).searchParams;
    if (params.get("list-type") === "2") return this.#list(url, params);
    if (params.has("versions")) return errorXml(501, "NotImplemented");
    if (request.method === "DELETE") {
      this.objects.delete(url);
      return new Response(null, { status: 204 });
    }
    const stored = this.objects.get(url);
    if (stored === undefined) return errorXml(404, "NoSuchKey");
    const headers = { ...stored.headers, etag: this.#etagOf(url) ?? "" };
    return new Response(stored.bytes, { headers, encodeBody: "manual" });
  }

  /** DeleteObjects, of keys that need no escapes. */
  #removeMany(xml: string, bucketUrl: string): Response {
    const keys = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key ?? "");
    for (const key of keys) this.objects.delete(`${bucketUrl}/${key}`);
    const deleted = keys.map((key) => `<Deleted><Key>${key}</Key></Deleted>`).join("");
    return new Response(`<DeleteResult>${deleted}</DeleteResult>`);
  }

  #list(bucketUrl: string, params: URLSearchParams): Response {
    const after = params.get("start-after") ?? "";
    const max = Number(params.get("max-keys"));
    const keys = [...this.objects.keys()]
      .filter((url) => url.startsWith(`${bucketUrl}/${params.get("prefix")}`))
      .map((url) => url.slice(bucketUrl.length + 1))
      .filter((key) => key > after)
      .sort();
    const contents = keys.slice(0, max).map((key) => {
      const size = this.objects.get(`${bucketUrl}/${key}`)?.bytes.byteLength ?? 0;
      return `<Contents><Key>${encodeURIComponent(key)}</Key><LastModified>2026-11-22T00:00:00.000Z</LastModified><Size>${size}</Size></Contents>`;
    });
    return new Response(
      `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${keys.length > max}</IsTruncated>${contents.join("")}</ListBucketResult>`,
    );
  }
}

export function errorXml(status: number, code: string): Response {
  return new Response(`<Error><Code>${code}</Code></Error>`, { status });
}

export async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
