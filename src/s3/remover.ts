import { createHash } from "node:crypto";
import { err, ok, type Result } from "../core/result.ts";
import type { BucketSender } from "./bucket-sender.ts";
import { DELETE_MARK, readFailure, readText } from "./bucket-wire.ts";
import { failureOf, withRight, type BucketFailure } from "./failures.ts";
import {
  deleteXml,
  parseDeleteXml,
  parseVersionsXml,
  type DeleteAnswer,
  type ListedVersion,
  type ObjectRef,
  type VersionsPage,
} from "./removal-xml.ts";

/** What became of objects that were to be removed; those that are not named here are gone. */
export type RemovedMany = {
  /** Codes by key: the bucket will not remove these. */
  readonly refused: ReadonlyMap<string, string>;
};

/** What became of the versions below a prefix. */
export type RemovedVersions = {
  readonly removed: number;
  /** Whether none is left that may be removed. */
  readonly isOver: boolean;
  /** Why some are, or may be, left. */
  readonly error?: string;
};

/** Objects of one DeleteObjects request and of one listing: S3's own bound. */
export const REMOVED_AT_ONCE_MAX = 1000;

/** Single requests at once, as many as one object may have open. */
const AT_A_TIME = 6;

/** Answers of a bucket that does not know the request: R2's, Ceph's and a proxy's. */
const UNKNOWN_REQUEST: ReadonlySet<number> = new Set([405, 501]);

/** Removes objects of one bucket: a thousand with each request where it can, else one by one. */
export class Remover {
  readonly #sender: Pick<BucketSender, "send">;
  /** Whether it said that it knows no DeleteObjects; asked once for each opening of the bucket. */
  #knowsBatches = true;
  /** Whether it said that it knows no versions, although it says which one an object is. */
  #knowsVersions = true;

  constructor(sender: Pick<BucketSender, "send">) {
    this.#sender = sender;
  }

  async removeMany(keys: readonly string[]): Promise<Result<RemovedMany, BucketFailure>> {
    const refused = new Map<string, string>();
    for (let from = 0; from < keys.length; from += REMOVED_AT_ONCE_MAX) {
      const some = keys.slice(from, from + REMOVED_AT_ONCE_MAX);
      const removed = await this.#remove(some.map((key) => ({ key })));
      if (!removed.ok) return removed;
      for (const [key, code] of removed.value.refused) refused.set(key, code);
      const kept = await this.#removeKept(removed.value.marked, isOlder);
      if (!kept.ok) return kept;
      for (const [key, code] of kept.value) refused.set(key, code);
    }
    return ok({ refused });
  }

  async removeWhole(keys: readonly string[]): Promise<Result<RemovedMany, BucketFailure>> {
    if (!this.#knowsVersions) return this.removeMany(keys);
    const left = await this.#removeKept(keys, () => true);
    if (left.ok) return ok({ refused: left.value });
    if (!isUnknownRequest(left.error)) return left;
    this.#knowsVersions = false;
    return this.removeMany(keys);
  }

  async removeVersions(prefix: string): Promise<Result<RemovedVersions, BucketFailure>> {
    const page = await this.#versions(prefix, undefined);
    if (!page.ok) {
      if (isUnknownRequest(page.error)) return ok({ removed: 0, isOver: true });
      // A bucket that keeps no versions need not let us look for them.
      if (page.error.kind !== "refused") return page;
      return ok({ removed: 0, isOver: true, error: page.error.code });
    }
    const { refs, isTruncated } = page.value;
    if (refs.length === 0) return ok({ removed: 0, isOver: true });
    const removed = await this.#remove(refs);
    if (!removed.ok) return removed;
    const [code] = removed.value.refused.values();
    const error = code === undefined ? undefined : rightFor(code);
    const left = refs.filter(({ key }) => removed.value.refused.has(key)).length;
    const isStuck = left === refs.length;
    return ok({
      removed: refs.length - left,
      isOver: isStuck || (!isTruncated && left === 0),
      ...(error === undefined ? {} : { error }),
    });
  }

  async removeOlder(key: string): Promise<Result<undefined, BucketFailure>> {
    if (!this.#knowsVersions) return ok(undefined);
    const left = await this.#removeKept([key], isOlder);
    if (!left.ok) {
      if (!isUnknownRequest(left.error)) return left;
      this.#knowsVersions = false;
      return ok(undefined);
    }
    const [code] = left.value.values();
    return code === undefined ? ok(undefined) : err({ kind: "refused", status: undefined, code });
  }

  /**
   * Removes those versions that a bucket keeps of keys, and the marks; codes by key of what it will not
   * remove. Marks go last, and only if nothing is left that they hide: without one an old version would
   * be found again.
   */
  async #removeKept(
    keys: readonly string[],
    isWanted: (version: ListedVersion) => boolean,
  ): Promise<Result<ReadonlyMap<string, string>, BucketFailure>> {
    const left = new Map<string, string>();
    if (keys.length === 0) return ok(left);
    const marks: ListedVersion[] = [];
    const prefix = commonPrefix(keys);
    const wanted = new Set(keys);
    const last = keys.reduce((latest, key) => (key > latest ? key : latest), "");
    let after: ListedVersion | undefined;
    for (;;) {
      const page = await this.#versions(prefix, after);
      if (!page.ok) {
        if (page.error.kind !== "refused") return page;
        const { code } = page.error;
        return ok(new Map(keys.map((key) => [key, code])));
      }
      const refs = page.value.refs.filter(({ key }) => wanted.has(key));
      marks.push(...refs.filter(({ isMark }) => isMark));
      const failure = await this.#removeSome(
        refs.filter((ref) => !ref.isMark && isWanted(ref)),
        left,
      );
      if (failure !== undefined) return err(failure);
      after = page.value.refs.at(-1);
      // A listing goes by keys: what follows the last one that is wanted may be a whole archive.
      if (!page.value.isTruncated || after === undefined || after.key > last) break;
    }
    for (let from = 0; from < marks.length; from += REMOVED_AT_ONCE_MAX) {
      const some = marks.slice(from, from + REMOVED_AT_ONCE_MAX);
      const bare = some.filter(({ key }) => !left.has(key));
      const failure = await this.#removeSome(bare, left);
      if (failure !== undefined) return err(failure);
    }
    return ok(left);
  }

  /** Notes in `left` what may not be removed; a failure when it has to be asked again. */
  async #removeSome(
    refs: readonly ListedVersion[],
    left: Map<string, string>,
  ): Promise<BucketFailure | undefined> {
    if (refs.length === 0) return undefined;
    const removed = await this.#remove(refs);
    if (!removed.ok && removed.error.kind !== "refused") return removed.error;
    const refused = removed.ok
      ? removed.value.refused
      : new Map(refs.map(({ key }) => [key, removed.error.code]));
    for (const [key, code] of refused) left.set(key, rightFor(code));
    return undefined;
  }

  async #remove(refs: readonly ObjectRef[]): Promise<Result<DeleteAnswer, BucketFailure>> {
    if (this.#knowsBatches) {
      const answered = await this.#removeAtOnce(refs);
      if (answered.ok || !isUnknownRequest(answered.error)) return answered;
      this.#knowsBatches = false;
    }
    return this.#removeOneByOne(refs);
  }

  async #removeAtOnce(refs: readonly ObjectRef[]): Promise<Result<DeleteAnswer, BucketFailure>> {
    const body = new TextEncoder().encode(deleteXml(refs));
    const headers = {
      "content-type": "application/xml",
      "content-md5": createHash("md5").update(body).digest("base64"),
    };
    const sent = await this.#sender.send({ method: "POST", query: { delete: "" }, headers, body });
    if (!sent.ok) return sent;
    if (!sent.value.ok) return err(await readFailure(sent.value));
    const answer = parseDeleteXml((await readText(sent.value)) ?? "");
    if (answer === undefined) return err({ kind: "unknown", code: "unreadable-answer" });
    // What it could not do for a moment is asked for again as a whole; what is gone stays gone.
    for (const code of answer.refused.values()) {
      const failure = failureOf(400, code);
      if (failure.kind !== "refused") return err(failure);
    }
    return ok(answer);
  }

  async #removeOneByOne(refs: readonly ObjectRef[]): Promise<Result<DeleteAnswer, BucketFailure>> {
    const refused = new Map<string, string>();
    const marked: string[] = [];
    for (let from = 0; from < refs.length; from += AT_A_TIME) {
      const some = refs.slice(from, from + AT_A_TIME);
      const answers = await Promise.all(some.map((ref) => this.#removeOne(ref)));
      for (const [i, { key, versionId }] of some.entries()) {
        const answer = answers[i];
        if (answer === undefined) continue;
        if (answer.ok && answer.value && versionId === undefined) marked.push(key);
        if (answer.ok) continue;
        if (answer.error.kind !== "refused") return answer;
        refused.set(key, answer.error.code);
      }
    }
    return ok({ refused, marked });
  }

  /** Whether it was only marked as deleted. */
  async #removeOne({ key, versionId }: ObjectRef): Promise<Result<boolean, BucketFailure>> {
    const query = versionId === undefined ? {} : { query: { versionId } };
    const sent = await this.#sender.send({ method: "DELETE", key, ...query });
    if (!sent.ok) return sent;
    const { ok: isDone, status, headers } = sent.value;
    const failure = await readFailure(sent.value);
    if (!isDone && status !== 404) return err(failure);
    return ok(headers.get(DELETE_MARK) === "true");
  }

  async #versions(
    prefix: string,
    after: Pick<ListedVersion, "key" | "versionId"> | undefined,
  ): Promise<Result<VersionsPage, BucketFailure>> {
    const query: Record<string, string> = {
      "encoding-type": "url",
      "max-keys": String(REMOVED_AT_ONCE_MAX),
      prefix,
      versions: "",
    };
    if (after !== undefined) {
      query["key-marker"] = after.key;
      query["version-id-marker"] = after.versionId;
    }
    const sent = await this.#sender.send({ method: "GET", query });
    if (!sent.ok) return sent;
    if (!sent.value.ok)
      return err(withRight(await readFailure(sent.value), "s3:ListBucketVersions"));
    const { status } = sent.value;
    const page = parseVersionsXml((await readText(sent.value)) ?? "");
    return page === undefined
      ? err({ kind: "refused", status, code: "unreadable-listing" })
      : ok(page);
  }
}

function isOlder({ isLatest }: ListedVersion): boolean {
  return !isLatest;
}

/** The code of a version that may not be removed. */
function rightFor(code: string): string {
  return withRight({ kind: "refused", status: undefined, code }, "s3:DeleteObjectVersion").code;
}

function isUnknownRequest(failure: BucketFailure): boolean {
  if (failure.kind === "unknown") return false;
  return failure.code === "NotImplemented" || UNKNOWN_REQUEST.has(failure.status ?? 0);
}

function commonPrefix(keys: readonly string[]): string {
  const [first = ""] = keys;
  let length = first.length;
  for (const key of keys) {
    while (!key.startsWith(first.slice(0, length))) length -= 1;
  }
  return first.slice(0, length);
}
