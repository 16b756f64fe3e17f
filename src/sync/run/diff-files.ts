import { gunzipSync, gzipSync } from "node:zlib";

import { err, ok, type Result } from "../../core/result.ts";
import type { Bucket } from "../../s3/bucket.ts";
import type { Change } from "../engine/change.ts";
import { diffLine, parseDiffLine } from "./diff-line.ts";

/**
 * Bytes of text in one diff file, about: it is held whole while it is written and while it is read,
 * in an isolate that others share.
 */
export const DIFF_BYTES_MAX = 4_000_000;

/** Level 1: the file lives for minutes, and the CPU is what a run waits for. */
const LEVEL = 1;

const CODE_CHARS_MAX = 40;

/** What all changed rows of a sync stand under. */
export function diffPrefix(syncId: string): string {
  return `homeport-syncs/${syncId}/`;
}

/** Changes on their way into one diff file. */
export class DiffFile {
  readonly #charsMax: number;
  #lines: string[] = [];
  #chars = 0;

  constructor(charsMax = DIFF_BYTES_MAX) {
    this.#charsMax = charsMax;
  }

  get records(): number {
    return this.#lines.length;
  }

  get isFull(): boolean {
    return this.#chars >= this.#charsMax;
  }

  add(change: Change): void {
    const line = diffLine(change);
    this.#lines.push(line);
    this.#chars += line.length;
  }

  /** The file's bytes; the changes are let go. */
  take(): { readonly body: Uint8Array; readonly records: number } {
    const records = this.#lines.length;
    const body = gzipSync(this.#lines.join(""), { level: LEVEL });
    this.#lines = [];
    this.#chars = 0;
    return { body, records };
  }
}

/** Why the bucket did not do it. */
export type DiffFileFailure = { readonly code: string; readonly isPassing: boolean };

/** Diff files of one run in the bucket. */
export class DiffFiles {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async put(key: string, body: Uint8Array): Promise<Result<void, DiffFileFailure>> {
    const put = await this.#bucket.putNew(key, body, { contentType: "application/gzip" });
    // The name is used for this file only: it stands there when an earlier answer was lost.
    if (put.ok || put.error.kind === "already-exists") return ok(undefined);
    return err(failureOf(put.error));
  }

  /** The changes of a file from the `from`-th on. */
  async read(key: string, from: number): Promise<Result<readonly Change[], DiffFileFailure>> {
    const got = await this.#bucket.get(key);
    if (!got.ok) return err(failureOf(got.error));
    let bytes: Uint8Array;
    try {
      bytes = new Uint8Array(await new Response(got.value.body).arrayBuffer());
    } catch {
      return err({ code: "cut_off", isPassing: true });
    }
    const text = new TextDecoder().decode(gunzipSync(bytes));
    const changes: Change[] = [];
    let start = 0;
    for (let index = 0; start < text.length; index += 1) {
      const end = text.indexOf("\n", start);
      if (index >= from) changes.push(parseDiffLine(text.slice(start, end)));
      start = end + 1;
    }
    return ok(changes);
  }

  /** Removes a file; one that is not there is removed. */
  async remove(key: string): Promise<Result<void, DiffFileFailure>> {
    const removed = await this.#bucket.remove(key);
    if (removed.ok) return ok(undefined);
    return err(failureOf(removed.error));
  }
}

function failureOf(error: { readonly kind: string; readonly code?: string }): DiffFileFailure {
  const code = (error.code ?? error.kind).slice(0, CODE_CHARS_MAX);
  return { code, isPassing: error.kind !== "not-found" };
}
