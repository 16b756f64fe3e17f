import { AwsV4Signer } from "aws4fetch";
import { err, ok, type Result } from "../core/result.ts";
import { egress, type EgressContext } from "../egress/guard.ts";
import {
  headOf,
  KMS_KEY,
  META_PREFIX,
  queryOf,
  readFailure,
  readText,
  sha256Hex,
} from "./bucket-wire.ts";
import { encodeKey } from "./encode-key.ts";
import {
  failureOf,
  guardFailure,
  type BucketFailure,
  type NotFound,
  type PutFailure,
  type ReplaceFailure,
} from "./failures.ts";
import { parseListXml, type ListedObject } from "./list-xml.ts";
import type { RoleSession } from "./role-session.ts";

/** Where a bucket is and the keys that sign for it. */
export type BucketAddress = BucketPlace & (LongTermKeys | { readonly session: RoleSession });

type LongTermKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

type BucketPlace = {
  /** Path-style base, `https://host/bucket`, without a trailing slash. */
  readonly url: string;
  /** The region of the signature's scope, e.g. `eu-west-1`. */
  readonly location: string;
  /** The KMS key that every write asks for; the bucket's own default when absent. */
  readonly kmsKeyArn?: string;
  /** Until an answer begins; {@link ANSWER_MS_MAX} when absent. */
  readonly answerMsMax?: number;
};

export type NewObject = {
  readonly contentType: string;
  readonly contentEncoding?: string;
  /** `x-amz-meta-<name>`; names in lower case. */
  readonly meta?: Readonly<Record<string, string>>;
};

/** What an answer's headers say of an object. */
export type ObjectHead = {
  readonly size: number | undefined;
  readonly etag: string;
  readonly meta: ReadonlyMap<string, string>;
  /** The KMS key it is encrypted with, when it is with one. */
  readonly kmsKeyArn?: string;
};

export type ObjectBody = ObjectHead & {
  /** As the runtime hands it over: already decompressed when the object has a `Content-Encoding`. */
  readonly body: ReadableStream<Uint8Array>;
};

export type ListPage = {
  readonly entries: readonly ListedObject[];
  /** Hand it in as `after` for the page that follows; absent on the last one. */
  readonly next: string | undefined;
};

/** Until an answer begins. AWS answers in well under a second; a PUT of 100 MB takes a few. */
const ANSWER_MS_MAX = 60_000;
const ENCRYPTION = "x-amz-server-side-encryption";
/** Statuses of answers to a session that has ended or may not do this. */
const REFUSED: ReadonlySet<number> = new Set([400, 403]);

type Sending = {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Ends the reading of the answer's body as well. */
  readonly signal?: AbortSignal;
};

/**
 * One S3-compatible bucket. Makes single attempts: the Durable Object that calls it owns retries.
 * Every header is signed, and the hash of every body, so that nothing on the way can change either.
 */
export class Bucket {
  readonly #address: BucketAddress;
  readonly #context: EgressContext;
  /** Signing keys, which last for a day; one is made per day and scope. */
  readonly #signingKeys = new Map<string, ArrayBuffer>();

  constructor(address: BucketAddress, context: EgressContext) {
    this.#address = address;
    this.#context = context;
  }

  /** Writes `key` unless it exists, so that a repeated flush cannot overwrite an archive file. */
  async putNew(
    key: string,
    body: Uint8Array,
    { contentType, contentEncoding, meta }: NewObject,
  ): Promise<Result<{ readonly etag: string }, PutFailure>> {
    const headers: Record<string, string> = {
      "if-none-match": "*",
      "content-type": contentType,
      ...this.#encryption(),
    };
    if (contentEncoding !== undefined) headers["content-encoding"] = contentEncoding;
    for (const [name, value] of Object.entries(meta ?? {})) headers[META_PREFIX + name] = value;
    const sent = await this.#send({ method: "PUT", key, headers, body });
    if (!sent.ok) return sent;
    const response = sent.value;
    if (response.ok) {
      await response.body?.cancel();
      return ok({ etag: response.headers.get("etag") ?? "" });
    }
    const failure = await readFailure(response);
    if (response.status === 412) return err({ kind: "already-exists" });
    if (response.status === 409) return err({ kind: "conflict" });
    return err(failure);
  }

  /** Writes over the object of that ETag, and over no other: `changed` when somebody was faster. */
  async replace(
    key: string,
    body: Uint8Array,
    etag: string,
    { contentType, contentEncoding, meta }: NewObject,
  ): Promise<Result<{ readonly etag: string }, ReplaceFailure>> {
    const headers: Record<string, string> = {
      "if-match": etag,
      "content-type": contentType,
      ...this.#encryption(),
    };
    if (contentEncoding !== undefined) headers["content-encoding"] = contentEncoding;
    for (const [name, value] of Object.entries(meta ?? {})) headers[META_PREFIX + name] = value;
    const sent = await this.#send({ method: "PUT", key, headers, body });
    if (!sent.ok) return sent;
    const response = sent.value;
    if (response.ok) {
      await response.body?.cancel();
      return ok({ etag: response.headers.get("etag") ?? "" });
    }
    const failure = await readFailure(response);
    const isChanged = [404, 409, 412].includes(response.status);
    return err(isChanged ? { kind: "changed" } : failure);
  }

  /** Size and metadata of an object. */
  async head(key: string): Promise<Result<ObjectHead, NotFound | BucketFailure>> {
    const sent = await this.#send({ method: "HEAD", key });
    if (!sent.ok) return sent;
    await sent.value.body?.cancel();
    if (sent.value.status === 404) return err({ kind: "not-found" });
    return sent.value.ok ? ok(headOf(sent.value)) : err(failureOf(sent.value.status, ""));
  }

  /**
   * An object's bytes as a stream, never whole in memory. The caller reads it to its end or cancels
   * it; aborting `signal` ends it too.
   */
  async get(
    key: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Result<ObjectBody, NotFound | BucketFailure>> {
    const sent = await this.#send({ method: "GET", key, ...options });
    if (!sent.ok) return sent;
    const response = sent.value;
    if (!response.ok) {
      const failure = await readFailure(response);
      return err(response.status === 404 ? { kind: "not-found" } : failure);
    }
    const body: ReadableStream<Uint8Array> = response.body ?? new Blob([]).stream();
    return ok({ ...headOf(response), body });
  }

  /**
   * Up to `max` objects whose key begins with `prefix` and comes after `after`, in the order of
   * keys. A position is a key, not a token of the bucket's, so that it can be kept for days.
   */
  async list(
    prefix: string,
    { after, max }: { readonly after?: string; readonly max: number },
  ): Promise<Result<ListPage, BucketFailure>> {
    const query: Record<string, string> = {
      "encoding-type": "url",
      "list-type": "2",
      "max-keys": String(max),
      prefix,
    };
    if (after !== undefined) query["start-after"] = after;
    const sent = await this.#send({ method: "GET", query });
    if (!sent.ok) return sent;
    if (!sent.value.ok) return err(await readFailure(sent.value));
    const text = await readText(sent.value);
    if (text === undefined) {
      return err({ kind: "unavailable", status: sent.value.status, code: "interrupted" });
    }
    const page = parseListXml(text);
    const last = page?.entries.at(-1)?.key;
    // A truncated page that leads nowhere new would be asked for again for ever.
    if (page === undefined || (page.isTruncated && (last === undefined || last === after))) {
      return err({ kind: "refused", status: sent.value.status, code: "unreadable-listing" });
    }
    return ok({ entries: page.entries, next: page.isTruncated ? last : undefined });
  }

  /** Removes an object; one that does not exist counts as removed. */
  async remove(key: string): Promise<Result<undefined, BucketFailure>> {
    const sent = await this.#send({ method: "DELETE", key });
    if (!sent.ok) return sent;
    const failure = await readFailure(sent.value);
    if (sent.value.ok || sent.value.status === 404) return ok(undefined);
    return err(failure);
  }

  /** The XML of one of the bucket's own settings, e.g. `versioning`. */
  async setting(name: string): Promise<Result<string, NotFound | BucketFailure>> {
    const sent = await this.#send({ method: "GET", query: { [name]: "" } });
    if (!sent.ok) return sent;
    const isFound = sent.value.status !== 404;
    if (!sent.value.ok) {
      const failure = await readFailure(sent.value);
      return err(isFound ? failure : { kind: "not-found" });
    }
    return ok((await readText(sent.value)) ?? "");
  }

  #encryption(): Readonly<Record<string, string>> {
    const { kmsKeyArn } = this.#address;
    return kmsKeyArn === undefined ? {} : { [ENCRYPTION]: "aws:kms", [KMS_KEY]: kmsKeyArn };
  }

  async #send(sending: Sending): Promise<Result<Response, BucketFailure>> {
    const keys = await this.#keys();
    if (!keys.ok) return keys;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), this.#address.answerMsMax ?? ANSWER_MS_MAX);
    const signals = sending.signal === undefined ? [] : [sending.signal];
    try {
      const request = await this.#sign(
        sending,
        keys.value,
        AbortSignal.any([timeout.signal, ...signals]),
      );
      const answer = await egress(this.#context, request, {
        bodyBytes: sending.body?.byteLength ?? 0,
      });
      if (!answer.ok) return err(guardFailure(answer.error));
      // An ended session answers so, and a role whose policy was mended; the next try asks anew.
      if (REFUSED.has(answer.value.status)) this.#session()?.drop();
      return answer;
    } catch (error) {
      if (error instanceof RangeError) throw error;
      const code = timeout.signal.aborted ? "timeout" : "network";
      const isRead = sending.method === "GET" || sending.method === "HEAD";
      return err(
        isRead ? { kind: "unavailable", status: undefined, code } : { kind: "unknown", code },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  #session(): RoleSession | undefined {
    return "session" in this.#address ? this.#address.session : undefined;
  }

  async #keys(): Promise<Result<LongTermKeys, BucketFailure>> {
    return "session" in this.#address ? this.#address.session.current() : ok(this.#address);
  }

  async #sign(sending: Sending, keys: LongTermKeys, signal: AbortSignal): Promise<Request> {
    const { url, location } = this.#address;
    const { sessionToken } = keys;
    const path = sending.key === undefined ? "" : `/${encodeKey(sending.key)}`;
    const signer = new AwsV4Signer({
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: "s3",
      region: location,
      cache: this.#signingKeys,
      method: sending.method,
      url: `${url}${path}${queryOf(sending.query ?? {})}`,
      // aws4fetch would send UNSIGNED-PAYLOAD, and leave Content-Type out of the signature.
      headers: { ...sending.headers, "x-amz-content-sha256": await sha256Hex(sending.body) },
      allHeaders: true,
    });
    const { headers } = await signer.sign();
    const body = sending.body as Uint8Array<ArrayBuffer> | undefined;
    return new Request(signer.url, { method: sending.method, headers, body: body ?? null, signal });
  }
}
