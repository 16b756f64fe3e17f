import { gunzipSync } from "node:zlib";

import { err, ok } from "../../../src/core/result.ts";
import { parseDiffLine } from "../../../src/sync/run/diff-line.ts";
import type { DiffStore, Stores } from "../../../src/sync/run/ports.ts";
import type { LogRecord } from "../../../src/sync/run/run.ts";

const OUT = err({ code: "out", isPassing: true });

/** Diff files and reports in memory. `step` is called around every call; true is an outage. */
export class RunBucket implements Stores {
  readonly files = new Map<string, Uint8Array>();
  readonly #reports = new Map<string, readonly LogRecord[]>();
  readonly #step: () => boolean;

  constructor(step: () => boolean) {
    this.#step = step;
  }

  readonly store: DiffStore = {
    put: async (key, body) => {
      if (this.#step()) return OUT;
      this.files.set(key, body);
      // It is there, and the answer is lost.
      return this.#step() ? OUT : ok(undefined);
    },
    read: async (key, from) => {
      const body = this.files.get(key);
      if (this.#step()) return OUT;
      if (body === undefined) return err({ code: "not-found", isPassing: false });
      const lines = gunzipSync(body).toString("utf8").split("\n").slice(0, -1);
      return ok(lines.slice(from).map(parseDiffLine));
    },
    remove: async (key) => {
      if (this.#step()) return OUT;
      this.files.delete(key);
      return this.#step() ? OUT : ok(undefined);
    },
  };

  async report(part: number, records: readonly LogRecord[]) {
    if (this.#step()) return OUT;
    // As the bucket has it: a part that stands there is not written again.
    if (!this.#reports.has(String(part))) this.#reports.set(String(part), records);
    return this.#step() ? OUT : ok(undefined);
  }

  /** What was reported since the last call. */
  reported(): readonly LogRecord[] {
    const records = [...this.#reports.values()].flat();
    this.#reports.clear();
    return records;
  }
}
