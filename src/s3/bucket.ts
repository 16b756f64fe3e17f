import { err, ok, type Result } from "../core/result.ts";
import type { EgressContext } from "../egress/guard.ts";
import { BucketSender, type BucketAddress } from "./bucket-sender.ts";
import {
  DELETE_MARK,
  headOf,
  KMS_KEY,
  META_PREFIX,
  notFoundOf,
  readFailure,
  readText,
  VERSION_ID,
} from "./bucket-wire.ts";
import type { Content } from "./content.ts";
import {
  failureOf,
  type BucketFailure,
  type NotFound,
  type PutFailure,
  type ReplaceFailure,
} from "./failures.ts";
import { parseListXml, type ListedObject } from "./list-xml.ts";
import { Remover, type RemovedMany, type RemovedVersions } from "./remover.ts";

export type { BucketAddress } from "./bucket-sender.ts";

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
  /** Which version it is; only a bucket that keeps versions, or did so once, says this. */
  readonly versionId?: string;
};

/** What a bucket says of an object that was written over. */
export type Replaced = Pick<ObjectHead, "etag" | "versionId">;

export type ObjectBody = ObjectHead & {
  /** As the runtime hands it over: already decompressed when the object has a `Content-Encoding`. */
  readonly body: ReadableStream<Uint8Array>;
};

/** Bytes of an object: the first, and the one after the last. */
export type ByteRange = { readonly from: number; readonly before: number };

export type ListPage = {
  readonly entries: readonly ListedObject[];
  /** Hand it in as `after` for the page that follows; absent on the last one. */
  readonly next: string | undefined;
};

/** What S3 then says in its answer instead of the encoding that the object was written with. */
const AS_STORED = { "response-content-encoding": "identity" };
const ENCRYPTION = "x-amz-server-side-encryption";
/**
 * One S3-compatible bucket. Makes single attempts: the Durable Object that calls it owns retries.
 * Every header is signed, and the hash of every body, so that nothing on the way can change either.
 */
export class Bucket {
  readonly #sender: BucketSender;
  readonly #remover: Remover;

  constructor(address: BucketAddress, context: EgressContext) {
    this.#sender = new BucketSender(address, context);
    this.#remover = new Remover(this.#sender);
  }

  /** Writes `key` unless it exists, so that a repeated flush cannot overwrite an archive file. */
  async putNew(
    key: string,
    body: Content,
    { contentType, contentEncoding, meta }: NewObject,
  ): Promise<Result<{ readonly etag: string }, PutFailure>> {
    const headers: Record<string, string> = {
      "if-none-match": "*",
      "content-type": contentType,
      ...this.#encryption(),
    };
    if (contentEncoding !== undefined) headers["content-encoding"] = contentEncoding;
    for (const [name, value] of Object.entries(meta ?? {})) headers[META_PREFIX + name] = value;
    const sent = await this.#sender.send({ method: "PUT", key, headers, body });
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
    body: Content,
    etag: string,
    { contentType, contentEncoding, meta }: NewObject,
  ): Promise<Result<Replaced, ReplaceFailure>> {
    const headers: Record<string, string> = {
      "if-match": this.#sender.ifMatch(etag),
      "content-type": contentType,
      ...this.#encryption(),
    };
    if (contentEncoding !== undefined) headers["content-encoding"] = contentEncoding;
    for (const [name, value] of Object.entries(meta ?? {})) headers[META_PREFIX + name] = value;
    const sent = await this.#sender.send({ method: "PUT", key, headers, body });
    if (!sent.ok) return sent;
    const response = sent.value;
    if (response.ok) {
      await response.body?.cancel();
      const versionId = response.headers.get(VERSION_ID);
      return ok({
        etag: response.headers.get("etag") ?? "",
        ...(versionId === null ? {} : { versionId }),
      });
    }
    const failure = await readFailure(response);
    const isChanged = [404, 409, 412].includes(response.status);
    return err(isChanged ? { kind: "changed" } : failure);
  }

  /** Size and metadata of an object. */
  async head(key: string): Promise<Result<ObjectHead, NotFound | BucketFailure>> {
    const sent = await this.#sender.send({ method: "HEAD", key });
    if (!sent.ok) return sent;
    await sent.value.body?.cancel();
    if (sent.value.status === 404) return err(notFoundOf(sent.value));
    return sent.value.ok ? ok(headOf(sent.value)) : err(failureOf(sent.value.status, ""));
  }

  /**
   * An object's bytes as a stream, never whole in memory, all or those of a range. The caller reads
   * it to its end or cancels it; aborting `signal` ends it too.
   *
   * @param isAsStored Asks the bucket not to name the object's encoding, so that the runtime leaves its
   * bytes as they are; a bucket that does not know this answers as always, or with 400 or 501.
   */
  async get(
    key: string,
    options: {
      readonly signal?: AbortSignal;
      readonly range?: ByteRange;
      readonly isAsStored?: boolean;
    } = {},
  ): Promise<Result<ObjectBody, NotFound | BucketFailure>> {
    const { signal, range, isAsStored = false } = options;
    const sent = await this.#sender.send({
      method: "GET",
      key,
      ...(isAsStored ? { query: AS_STORED } : {}),
      ...(signal === undefined ? {} : { signal }),
      ...(range === undefined
        ? {}
        : { headers: { range: `bytes=${range.from}-${range.before - 1}` } }),
    });
    if (!sent.ok) return sent;
    const response = sent.value;
    if (!response.ok) {
      const failure = await readFailure(response);
      return err(response.status === 404 ? notFoundOf(response) : failure);
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
    const sent = await this.#sender.send({ method: "GET", query });
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

  /**
   * Removes an object with all of its versions; one that does not exist counts as removed. Where it
   * fails the object may be hidden already, and its versions not: it has to be asked again.
   */
  async remove(key: string): Promise<Result<undefined, BucketFailure>> {
    const sent = await this.#sender.send({ method: "DELETE", key });
    if (!sent.ok) return sent;
    const isMarked = sent.value.headers.get(DELETE_MARK) === "true";
    const failure = await readFailure(sent.value);
    if (isMarked && sent.value.ok) return this.#remover.removeOlder(key);
    if (sent.value.ok || sent.value.status === 404) return ok(undefined);
    return err(failure);
  }

  /**
   * Removes the versions that are kept of an object beside the one that readers find; of an object that
   * is marked as deleted all of them, and the marks. A refusal names the right that is missing.
   */
  async removeOlder(key: string): Promise<Result<undefined, BucketFailure>> {
    return this.#remover.removeOlder(key);
  }

  /**
   * Removes objects with all of their versions, a thousand at a time where the bucket knows how to;
   * one that does not exist counts as removed.
   */
  async removeMany(keys: readonly string[]): Promise<Result<RemovedMany, BucketFailure>> {
    return this.#remover.removeMany(keys);
  }

  /**
   * Removes objects of a bucket that keeps versions, one version after another and without a mark: at
   * every instant a listing shows what is left of them, so that whoever goes by listings finds it again.
   */
  async removeWhole(keys: readonly string[]): Promise<Result<RemovedMany, BucketFailure>> {
    return this.#remover.removeWhole(keys);
  }

  /**
   * Removes a page of the versions that are kept of objects whose key begins with `prefix`, those that
   * exist now included. A bucket that keeps none, or does not know versions, has none to remove.
   */
  async removeVersions(prefix: string): Promise<Result<RemovedVersions, BucketFailure>> {
    return this.#remover.removeVersions(prefix);
  }

  /** The XML of one of the bucket's own settings, e.g. `versioning`. */
  async setting(name: string): Promise<Result<string, NotFound | BucketFailure>> {
    const sent = await this.#sender.send({ method: "GET", query: { [name]: "" } });
    if (!sent.ok) return sent;
    const isFound = sent.value.status !== 404;
    if (!sent.value.ok) {
      const failure = await readFailure(sent.value);
      return err(isFound ? failure : { kind: "not-found" });
    }
    return ok((await readText(sent.value)) ?? "");
  }

  #encryption(): Readonly<Record<string, string>> {
    const { kmsKeyArn } = this.#sender;
    return kmsKeyArn === undefined ? {} : { [ENCRYPTION]: "aws:kms", [KMS_KEY]: kmsKeyArn };
  }
}
