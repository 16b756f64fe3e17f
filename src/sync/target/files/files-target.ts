import { createHash } from "node:crypto";

import type { Bucket } from "../../../s3/bucket.ts";
import type {
  BatchResult,
  Target,
  TargetBatch,
  TargetField,
  TargetObject,
  TestStep,
} from "../target.ts";
import { FILE_FORMATS, fileOf, isFileFormat, type FileFormat } from "./file-of.ts";

/** Of one file. */
const RECORDS_MAX = 10_000;
const BYTES_MAX = 8_000_000;
const CALLS = 2;
const NAME_CHARS = 32;

/** What a folder may be called: its path, and after the last dot its format. */
const OBJECT =
  /^(?:[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,99}\/){0,8}[A-Za-z0-9_=-][A-Za-z0-9_=-]{0,99}\.([a-z]+)$/;

/**
 * Files in a bucket as the destination of syncs: each batch is a file of its own below a folder of the
 * run, with a column that says what was to be done. A batch that is sent again is the same file.
 */
export class FilesTarget implements Target {
  readonly limits = { records: RECORDS_MAX, bytes: BYTES_MAX, calls: CALLS };
  readonly #bucket: Pick<Bucket, "putNew" | "list">;

  constructor(bucket: Pick<Bucket, "putNew" | "list">) {
    this.#bucket = bucket;
  }

  async test(): Promise<readonly TestStep[]> {
    const listed = await this.#bucket.list("", { max: 1 });
    const step = "list";
    return listed.ok
      ? [{ step, state: "passed", message: "The keys may list the bucket." }]
      : [{ step, state: "failed", message: "The bucket cannot be listed with these keys." }];
  }

  async objects(): Promise<readonly TargetObject[]> {
    return FILE_FORMATS.map((format) => ({
      name: `records.${format}`,
      label: `Files of ${format}; any folder/name.${format} will do`,
      operations: ["upsert", "update", "insert", "append", "delete"],
      takesAnyField: true,
      identifiersMax: 16,
    }));
  }

  async fields(): Promise<readonly TargetField[]> {
    return [];
  }

  async send({ object, runId, operation, records }: TargetBatch): Promise<BatchResult> {
    const format = formatOf(object);
    if (format === undefined) {
      const message = `Name a folder and a format, e.g. people.ndjson; formats are ${FILE_FORMATS.join(", ")}.`;
      return { kind: "failed", code: "no_such_object", message };
    }
    const hash = createHash("sha256");
    for (const { idempotencyKey } of records) hash.update(`${idempotencyKey}\n`);
    const name = hash.update(operation).digest("hex").slice(0, NAME_CHARS);
    const folder = object.slice(0, -(format.length + 1));
    const { body, contentType } = await fileOf(format, operation, records);
    const put = await this.#bucket.putNew(`${folder}/${runId}/${name}.${format}`, body, {
      contentType,
    });
    if (put.ok || put.error.kind === "already-exists") {
      return { kind: "answered", results: records.map(() => ({ kind: "accepted" })) };
    }
    const { error } = put;
    if (error.kind !== "refused") return { kind: "retry", code: error.kind };
    const message = `The bucket refuses to be written to (${error.code}).`;
    return { kind: "failed", code: "bucket_refused", message };
  }
}

function formatOf(object: string): FileFormat | undefined {
  const [, format = ""] = OBJECT.exec(object) ?? [];
  return isFileFormat(format) ? format : undefined;
}
