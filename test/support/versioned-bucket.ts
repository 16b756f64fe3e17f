import { createHash } from "node:crypto";
import { ok, type Result } from "../../src/core/result.ts";
import type { BucketSender, Sending } from "../../src/s3/bucket-sender.ts";
import type { BucketFailure } from "../../src/s3/failures.ts";

type Version = { readonly key: string; readonly id: string; readonly isMark: boolean };

/** What a bucket of this test does differently from AWS's. */
export type Quirks = {
  readonly isVersioned?: boolean;
  /** Answers 501 to DeleteObjects, as some S3-compatible stores do. */
  readonly hasNoBatches?: boolean;
  /** Answers that to listings of versions. */
  readonly versions?: { readonly status: number; readonly code: string };
  /** Keys that it will not remove. */
  readonly locked?: readonly string[];
  /** Versions that it will not remove; they are counted from 1. */
  readonly lockedVersions?: readonly string[];
  /** Objects of one page, instead of 1,000. */
  readonly pageMax?: number;
};

/** A bucket with versions, as AWS describes them, in the place of the network. */
export class VersionedBucket implements Pick<BucketSender, "send"> {
  readonly requests: string[] = [];
  readonly #quirks: Quirks;
  /** Newest last. */
  #versions: Version[] = [];
  #lastId = 0;
  /** Marks that were ever set. */
  marks = 0;

  constructor(quirks: Quirks = {}) {
    this.#quirks = quirks;
  }

  put(key: string): void {
    if (this.#quirks.isVersioned !== true) this.#drop(key);
    this.#add(key, false);
  }

  /** Deletes it as somebody does who names no version. */
  mark(key: string): void {
    this.#add(key, true);
  }

  /** What a reader finds, by its version. */
  found(key: string): string | undefined {
    const last = this.#versions.findLast((version) => version.key === key);
    return last?.isMark === true ? undefined : last?.id;
  }

  /** All that is kept, marks included, as `key` once for each. */
  get kept(): readonly string[] {
    return this.#versions.map(({ key }) => key);
  }

  async send(sending: Sending): Promise<Result<Response, BucketFailure>> {
    const { method, query = {}, key = "" } = sending;
    this.requests.push(`${method} ${key}${Object.keys(query).join("&")}`);
    if (method === "DELETE") return ok(this.#deleteOne(key, query["versionId"]));
    if (method === "POST" && "delete" in query) return ok(this.#deleteMany(sending));
    if (method === "GET" && "versions" in query) return ok(this.#list(query));
    return ok(errorXml(501, "NotImplemented"));
  }

  #deleteOne(key: string, versionId: string | undefined): Response {
    if (this.#isLocked(key, versionId)) return errorXml(403, "AccessDenied");
    const isMark = this.#remove(key, versionId);
    const headers = isMark ? { "x-amz-delete-marker": "true" } : {};
    return new Response(null, { status: 204, headers });
  }

  #deleteMany({ body: content, headers }: Sending): Response {
    const body = content instanceof Uint8Array ? content : undefined;
    if (this.#quirks.hasNoBatches === true) return errorXml(501, "NotImplemented");
    const md5 = createHash("md5")
      .update(body ?? new Uint8Array())
      .digest("base64");
    if (headers?.["content-md5"] !== md5) return errorXml(400, "BadDigest");
    const text = new TextDecoder().decode(body);
    const answers = [...text.matchAll(/<Object>(.*?)<\/Object>/gs)].map(([, object = ""]) => {
      const key = /<Key>([^<]*)/.exec(object)?.[1] ?? "";
      const versionId = /<VersionId>([^<]*)/.exec(object)?.[1];
      if (this.#isLocked(key, versionId)) {
        return `<Error><Key>${key}</Key><Code>AccessDenied</Code></Error>`;
      }
      const isMark = this.#remove(key, versionId);
      const mark = isMark ? "<DeleteMarker>true</DeleteMarker>" : "";
      return `<Deleted><Key>${key}</Key>${mark}</Deleted>`;
    });
    return new Response(`<DeleteResult>${answers.join("")}</DeleteResult>`);
  }

  #isLocked(key: string, versionId: string | undefined): boolean {
    const { locked = [], lockedVersions = [] } = this.#quirks;
    return locked.includes(key) || (versionId !== undefined && lockedVersions.includes(versionId));
  }

  /** Whether only a mark was set. */
  #remove(key: string, versionId: string | undefined): boolean {
    if (versionId !== undefined) {
      this.#versions = this.#versions.filter(({ id }) => id !== versionId);
      return false;
    }
    if (this.#quirks.isVersioned === true) this.#add(key, true);
    else this.#drop(key);
    return this.#quirks.isVersioned === true;
  }

  #list(query: Readonly<Record<string, string>>): Response {
    const { versions, pageMax = 1000 } = this.#quirks;
    if (versions !== undefined) return errorXml(versions.status, versions.code);
    const all = this.#versions
      .filter(({ key }) => key.startsWith(query["prefix"] ?? ""))
      .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : Number(b.id) - Number(a.id)));
    const [afterKey, afterId] = [query["key-marker"], query["version-id-marker"]];
    const from = all.findIndex(({ key, id }) => key === afterKey && id === afterId) + 1;
    const rest = afterKey === undefined ? all : all.slice(from);
    const shown = rest.slice(0, pageMax).map((version) => {
      const { key, id, isMark } = version;
      const name = isMark ? "DeleteMarker" : "Version";
      const isLatest = version === all.find((other) => other.key === key);
      return `<${name}><Key>${encodeURIComponent(key)}</Key><VersionId>${id}</VersionId><IsLatest>${isLatest}</IsLatest></${name}>`;
    });
    const isTruncated = rest.length > pageMax;
    return new Response(
      `<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${shown.join("")}</ListVersionsResult>`,
    );
  }

  #add(key: string, isMark: boolean): void {
    this.#lastId += 1;
    if (isMark) this.marks += 1;
    this.#versions.push({ key, id: String(this.#lastId), isMark });
  }

  #drop(key: string): void {
    this.#versions = this.#versions.filter((version) => version.key !== key);
  }
}

function errorXml(status: number, code: string): Response {
  return new Response(`<Error><Code>${code}</Code></Error>`, { status });
}
