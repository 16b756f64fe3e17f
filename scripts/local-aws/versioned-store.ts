import type { IncomingHttpHeaders } from "node:http";

import { encodeStrict, param, type AwsRequest } from "./aws-request.ts";
import { escapeXml } from "./aws-refusal.ts";
import { deletedObjects, type Operation } from "./operation.ts";
import type { BucketOptions } from "./options.ts";
import type { Store, StoreAnswer } from "./store.ts";
import { versioningOf, Versions, type Current, type Versioning } from "./versions.ts";
import { listVersionsXml, type ListedVersion } from "./versions-xml.ts";

/** What of an object's headers it is put back with. */
const PUT_BACK = /^(content-type|content-encoding|x-amz-meta-.*)$/;

const WRITES: ReadonlySet<Operation> = new Set([
  "CompleteMultipartUpload",
  "CopyObject",
  "PutObject",
]);

/** The store, with the versions that a bucket keeps while its setting says so. */
export class VersionedStore {
  readonly #store: Store;
  readonly #versions = new Versions();
  /** What is done with one key is done one after another. */
  readonly #lines = new Map<string, Promise<unknown>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Passes a verified request on. `mayDelete` says of each object of a DeleteObjects whether it may go.
   */
  async send(
    request: AwsRequest,
    operation: Operation,
    bucket: BucketOptions,
    extra: Readonly<Record<string, string>>,
    mayDelete: (key: string, versionId: string | undefined) => boolean,
  ): Promise<StoreAnswer> {
    const is = versioningOf(bucket);
    if (operation === "ListObjectVersions") return this.#list(request, is);
    if (is === "never") return this.#store.send(request, extra);
    const { key } = request;
    const versionId = param(request, "versionId");
    if (operation === "DeleteObjects") return this.#deleteMany(request, is, mayDelete);
    if (WRITES.has(operation)) {
      return this.#inLine(request, key, () => this.#write(request, extra, is));
    }
    if (operation === "DeleteObject" || operation === "DeleteObjectVersion") {
      const deleted = await this.#inLine(request, key, () =>
        this.#delete(request, key, versionId, is),
      );
      return { status: 204, headers: deleted, body: Buffer.alloc(0) };
    }
    const isRead = ["GetObject", "GetObjectVersion", "HeadObject"].includes(operation);
    return isRead ? this.#read(request, extra, versionId) : this.#store.send(request, extra);
  }

  async #write(
    request: AwsRequest,
    extra: Readonly<Record<string, string>>,
    is: Versioning,
  ): Promise<StoreAnswer> {
    const { bucket, key } = request;
    const before = await this.#current(request, key);
    const answer = await this.#store.send(request, extra);
    if (answer.status >= 300) return answer;
    const id = this.#versions.wrote(bucket, key, before, is);
    // Not every store names the version that has no name, so none here may rely on it.
    return is === "enabled" ? withHeaders(answer, { "x-amz-version-id": id }) : answer;
  }

  async #delete(
    request: AwsRequest,
    key: string,
    versionId: string | undefined,
    is: Versioning,
  ): Promise<Readonly<Record<string, string>>> {
    const { bucket } = request;
    const before = await this.#current(request, key);
    if (versionId === undefined) {
      await this.#store.send(plain(request, "DELETE", key), {});
      const id = this.#versions.marked(bucket, key, before, is);
      return { "x-amz-delete-marker": "true", "x-amz-version-id": id };
    }
    const { currentId, old } = this.#versions.of(bucket, key);
    const isCurrent = before !== undefined && versionId === currentId;
    const isMark = old.some(({ id, object }) => id === versionId && object === undefined);
    if (isCurrent) await this.#store.send(plain(request, "DELETE", key), {});
    else this.#versions.drop(bucket, key, versionId);
    // What it hid is what readers find from now on.
    const next =
      before === undefined || isCurrent ? this.#versions.promote(bucket, key) : undefined;
    if (next !== undefined) await this.#putBack(request, key, next);
    else if (isCurrent) this.#versions.removedCurrent(bucket, key);
    return { "x-amz-version-id": versionId, ...(isMark ? { "x-amz-delete-marker": "true" } : {}) };
  }

  async #deleteMany(
    request: AwsRequest,
    is: Versioning,
    mayDelete: (key: string, versionId: string | undefined) => boolean,
  ): Promise<StoreAnswer> {
    const parts: string[] = [];
    for (const { key, versionId } of deletedObjects(request)) {
      const name = `<Key>${escapeXml(key)}</Key>`;
      if (!mayDelete(key, versionId)) {
        parts.push(`<Error>${name}<Code>AccessDenied</Code></Error>`);
        continue;
      }
      const deleted = await this.#inLine(request, key, () =>
        this.#delete(request, key, versionId, is),
      );
      const mark =
        deleted["x-amz-delete-marker"] === undefined ? "" : "<DeleteMarker>true</DeleteMarker>";
      const id = versionId === undefined ? "" : `<VersionId>${versionId}</VersionId>`;
      parts.push(`<Deleted>${name}${id}${mark}</Deleted>`);
    }
    return xmlAnswer(`<DeleteResult>${parts.join("")}</DeleteResult>`);
  }

  async #read(
    request: AwsRequest,
    extra: Readonly<Record<string, string>>,
    versionId: string | undefined,
  ): Promise<StoreAnswer> {
    const { bucket, key } = request;
    const { currentId, old } = this.#versions.of(bucket, key);
    const named = old.find(({ id }) => id === versionId);
    if (named !== undefined) {
      const { id, object } = named;
      const headers = { "x-amz-version-id": id };
      if (object !== undefined) return withHeaders({ ...object, status: 200 }, headers);
      return {
        status: 405,
        headers: { ...headers, "x-amz-delete-marker": "true" },
        body: Buffer.alloc(0),
      };
    }
    const query = new Map([...request.query].filter(([name]) => name !== "versionId"));
    const answer = await this.#store.send({ ...request, query }, extra);
    if (answer.status < 400) return withHeaders(answer, { "x-amz-version-id": currentId });
    const [top] = old;
    if (answer.status !== 404 || top === undefined) return answer;
    return withHeaders(answer, { "x-amz-version-id": top.id, "x-amz-delete-marker": "true" });
  }

  async #list(request: AwsRequest, is: Versioning): Promise<StoreAnswer> {
    const { bucket } = request;
    const prefix = param(request, "prefix") ?? "";
    const current = await this.#currentKeys(request, prefix);
    const kept = is === "never" ? [] : this.#versions.keys(bucket);
    const keys = new Set([...current, ...kept.filter((key) => key.startsWith(prefix))]);
    const all: ListedVersion[] = [...keys].sort().flatMap((key) => {
      const { currentId, old } = this.#versions.of(bucket, key);
      const isThere = current.has(key);
      const now = isThere ? [{ key, versionId: currentId, isMark: false, isLatest: true }] : [];
      const older = old.map(({ id, object }, at) => {
        const isLatest = !isThere && at === 0;
        return { key, versionId: id, isMark: object === undefined, isLatest };
      });
      return [...now, ...older];
    });
    return xmlAnswer(listVersionsXml(all, request));
  }

  async #currentKeys(request: AwsRequest, prefix: string): Promise<ReadonlySet<string>> {
    const keys = new Set<string>();
    let last = "";
    for (;;) {
      const query = new Map([
        ["list-type", ["2"]],
        ["prefix", [prefix]],
        ["encoding-type", ["url"]],
        ...(last === "" ? [] : [["start-after", [last]] as const]),
      ] as const);
      const answer = await this.#store.send({ ...plain(request, "GET", ""), query }, {});
      const text = answer.body.toString("utf8");
      for (const [, key = ""] of text.matchAll(/<Key>([^<]*)<\/Key>/g)) {
        last = decodeURIComponent(key.replaceAll("+", " "));
        keys.add(last);
      }
      if (!text.includes("<IsTruncated>true")) return keys;
    }
  }

  async #current(request: AwsRequest, key: string): Promise<Current | undefined> {
    const answer = await this.#store.send(plain(request, "GET", key), {});
    return answer.status === 200 ? answer : undefined;
  }

  async #putBack(request: AwsRequest, key: string, { headers, body }: Current): Promise<void> {
    const kept: IncomingHttpHeaders = Object.fromEntries(
      Object.entries(headers).filter(([name]) => PUT_BACK.test(name)),
    );
    await this.#store.send({ ...plain(request, "PUT", key), headers: kept, body }, {});
  }

  #inLine<T>({ bucket }: AwsRequest, key: string, work: () => Promise<T>): Promise<T> {
    const name = `${bucket}/${key}`;
    const mine = (this.#lines.get(name) ?? Promise.resolve()).then(work);
    this.#lines.set(
      name,
      mine.catch(() => undefined),
    );
    return mine;
  }
}

/** A request of ours about one key of the bucket that `request` is about. */
function plain(request: AwsRequest, method: string, key: string): AwsRequest {
  const path = `/${[request.bucket, ...(key === "" ? [] : key.split("/"))].map(encodeStrict).join("/")}`;
  const { bucket } = request;
  return { method, path, query: new Map(), headers: {}, body: Buffer.alloc(0), bucket, key };
}

function withHeaders(answer: StoreAnswer, headers: Readonly<Record<string, string>>): StoreAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function xmlAnswer(text: string): StoreAnswer {
  return { status: 200, headers: { "content-type": "application/xml" }, body: Buffer.from(text) };
}
