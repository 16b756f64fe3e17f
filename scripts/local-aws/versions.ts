import type { IncomingHttpHeaders } from "node:http";

import type { BucketOptions } from "./options.ts";

/** Whether a bucket keeps versions now, did so once, or never did. */
export type Versioning = "enabled" | "suspended" | "never";

/** An object as readers find it now. */
export type Current = {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** A version that no reader finds without naming it, or a mark of deletion. */
export type OldVersion = {
  readonly id: string;
  /** Absent: it is a mark. */
  readonly object?: Current;
  readonly atMs: number;
};

/** What is kept of one key beside the object that the store has; newest first. */
export type KeyVersions = {
  /** Of the object in the store; one that was put before anything was kept is `null`. */
  readonly currentId: string;
  readonly old: readonly OldVersion[];
};

/** The name of a version that came about while none were kept. */
export const NULL_ID = "null";

const ID_DIGITS = 16;

const NONE: KeyVersions = { currentId: NULL_ID, old: [] };

/** Whether a bucket keeps versions, by its own setting. */
export function versioningOf({ settings }: BucketOptions): Versioning {
  const status = /<Status>(\w+)<\/Status>/.exec(settings?.versioning ?? "")?.[1];
  if (status === "Enabled") return "enabled";
  return status === "Suspended" ? "suspended" : "never";
}

/** What buckets keep beside what the store has. In memory: it ends with the stand-in. */
export class Versions {
  readonly #buckets = new Map<string, Map<string, KeyVersions>>();
  #lastId = 0;

  of(bucket: string, key: string): KeyVersions {
    return this.#buckets.get(bucket)?.get(key) ?? NONE;
  }

  /** Every key of which something is kept. */
  keys(bucket: string): readonly string[] {
    return [...(this.#buckets.get(bucket)?.keys() ?? [])];
  }

  /** An object was written; `before` is what readers found until then. */
  wrote(bucket: string, key: string, before: Current | undefined, is: Versioning): string {
    const old = this.#kept(bucket, key, before, is);
    const currentId = is === "enabled" ? this.#newId() : NULL_ID;
    this.#set(bucket, key, { currentId, old });
    return currentId;
  }

  /** An object was deleted by its key alone; the version of the mark. */
  marked(bucket: string, key: string, before: Current | undefined, is: Versioning): string {
    const old = this.#kept(bucket, key, before, is);
    const id = is === "enabled" ? this.#newId() : NULL_ID;
    this.#set(bucket, key, { currentId: NULL_ID, old: [{ id, atMs: Date.now() }, ...old] });
    return id;
  }

  /** Forgets a version that is not in the store. */
  drop(bucket: string, key: string, id: string): void {
    const { currentId, old } = this.of(bucket, key);
    this.#set(bucket, key, { currentId, old: old.filter((version) => version.id !== id) });
  }

  /** The object in the store is gone, by its version. */
  removedCurrent(bucket: string, key: string): void {
    this.#set(bucket, key, { currentId: NULL_ID, old: this.of(bucket, key).old });
  }

  /** The newest version, when it is an object; it is the current one from now on. */
  promote(bucket: string, key: string): Current | undefined {
    const [top, ...old] = this.of(bucket, key).old;
    if (top?.object === undefined) return undefined;
    this.#set(bucket, key, { currentId: top.id, old });
    return top.object;
  }

  /** While versioning is suspended there is one version without a name, and it is written over. */
  #kept(
    bucket: string,
    key: string,
    before: Current | undefined,
    is: Versioning,
  ): readonly OldVersion[] {
    const { currentId, old } = this.of(bucket, key);
    const all =
      before === undefined ? old : [{ id: currentId, object: before, atMs: Date.now() }, ...old];
    return is === "enabled" ? all : all.filter(({ id }) => id !== NULL_ID);
  }

  /** Later ones are greater, so that a listing can go on after one that is gone. */
  #newId(): string {
    this.#lastId += 1;
    return String(this.#lastId).padStart(ID_DIGITS, "0");
  }

  #set(bucket: string, key: string, versions: KeyVersions): void {
    const keys = this.#buckets.get(bucket) ?? new Map<string, KeyVersions>();
    this.#buckets.set(bucket, keys);
    const isEmpty = versions.old.length === 0 && versions.currentId === NULL_ID;
    if (isEmpty) keys.delete(key);
    else keys.set(key, versions);
  }
}
