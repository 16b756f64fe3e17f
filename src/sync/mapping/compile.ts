import { createHash } from "node:crypto";

import { err, ok, type Result } from "../../core/result.ts";
import type { SyncProblem } from "../draft.ts";
import type { ColumnType, SourceColumn, SourceRow } from "../source/source.ts";
import type { Sync } from "../sync.ts";
import { fieldNameOf } from "./field-names.ts";
import type { FieldMapping, MappedRecord, RecordMapper, RowUser, RunMeta } from "./mapping.ts";
import { readTemplate, type ReadyTemplate } from "./template.ts";
import { valueOf } from "./values.ts";

export type MappedSync = Pick<Sync, "key" | "mappings" | "syncAll" | "users" | "watermark">;

/** A field made ready: what it becomes of a row. */
type ReadyField = {
  readonly mapping: FieldMapping;
  readonly template: ReadyTemplate | undefined;
  /** Where its column stands among the cells. */
  readonly at: number;
  readonly type: ColumnType;
};

/**
 * Makes the mappings of a sync ready, once the columns of its source are known. Every problem is told
 * by the field it is in; nothing is read before all of them are gone.
 */
export function compileMapping(
  sync: MappedSync,
  available: readonly SourceColumn[],
): Result<RecordMapper, readonly SyncProblem[]> {
  const types = new Map(available.map(({ name, type }) => [name, type]));
  const problems: SyncProblem[] = [];
  const mappings = [...sync.mappings, ...remaining(sync, available)];
  const templates = new Map<FieldMapping, ReadyTemplate>();
  const wanted = new Set(sync.key);
  const want = (column: string, path: string): void => {
    if (types.has(column)) wanted.add(column);
    else problems.push({ path, message: `The source has no column ${column}.` });
  };
  for (const [index, column] of sync.key.entries()) want(column, `key.${index}`);
  for (const [index, mapping] of mappings.entries()) {
    const path = `mappings.${index}.from`;
    const { from } = mapping;
    if (from.type === "column" || from.type === "hash") want(from.column, path);
    if (from.type !== "template") continue;
    const read = readTemplate(from.template);
    if (read.ok) {
      templates.set(mapping, read.value);
      const used = read.value.columns;
      for (const column of used === "all" ? types.keys() : used) want(column, path);
    } else {
      problems.push({ path, message: `The template cannot be used: ${read.error}.` });
    }
  }
  const { userIdColumn, anonymousIdColumn } = sync.users;
  if (userIdColumn !== undefined) want(userIdColumn, "users.userIdColumn");
  if (anonymousIdColumn !== undefined) want(anonymousIdColumn, "users.anonymousIdColumn");
  if (sync.watermark !== undefined) want(sync.watermark.column, "watermark.column");
  problems.push(...identifierProblems(sync.key, mappings));
  if (problems.length > 0) return err(problems);
  const columns = [...wanted];
  const fields = mappings.map((mapping): ReadyField => {
    const { from } = mapping;
    const column = from.type === "column" || from.type === "hash" ? from.column : "";
    return {
      mapping,
      template: templates.get(mapping),
      at: columns.indexOf(column),
      type: types.get(column) ?? "text",
    };
  });
  return ok(new CompiledMapper(sync, columns, types, fields));
}

/** Columns that syncAll maps: those without a mapping of their own, so none in the clear that is hashed. */
function remaining(
  { mappings, syncAll }: MappedSync,
  available: readonly SourceColumn[],
): readonly FieldMapping[] {
  if (syncAll === undefined) return [];
  const mapped = new Set(
    mappings.flatMap(({ from }) =>
      from.type === "column" || from.type === "hash" ? [from.column] : [],
    ),
  );
  const left = available.map(({ name }) => name).filter((name) => !mapped.has(name));
  const ordered = syncAll.order === "alphabetical_column_name" ? left.toSorted() : left;
  const taken = new Set(mappings.map(({ to }) => to));
  return ordered.flatMap((column): readonly FieldMapping[] => {
    const to = fieldNameOf(column, syncAll.normalization);
    if (taken.has(to)) return [];
    taken.add(to);
    const from = { type: "column", column } as const;
    return [{ to, from, isIdentifier: false, preserveValues: false, syncNullValues: true }];
  });
}

/**
 * The identifier has to be made of the sync key and of nothing else: only then can a row that is gone
 * be named to the destination, and no two rows are one record.
 */
function identifierProblems(
  key: readonly string[],
  mappings: readonly FieldMapping[],
): readonly SyncProblem[] {
  const columns = mappings.flatMap(({ isIdentifier, from }) =>
    isIdentifier ? [from.type === "column" || from.type === "hash" ? from.column : undefined] : [],
  );
  const isKey = columns.length === key.length && key.every((column) => columns.includes(column));
  if (isKey) return [];
  const message = `Map each column of the sync key (${key.join(", ")}), as it is or hashed, to an identifier field, and no other.`;
  return [{ path: "mappings", message }];
}

class CompiledMapper implements RecordMapper {
  readonly key: readonly string[];
  readonly columns: readonly string[];
  readonly identifiers: readonly string[];
  readonly preserved: readonly string[];
  readonly contract: string;
  readonly #types: readonly ColumnType[];
  readonly #fields: readonly ReadyField[];
  readonly #userAt: number;
  readonly #anonymousAt: number;

  constructor(
    { key, users }: Pick<MappedSync, "key" | "users">,
    columns: readonly string[],
    types: ReadonlyMap<string, ColumnType>,
    fields: readonly ReadyField[],
  ) {
    this.key = key;
    this.#userAt = users.userIdColumn === undefined ? -1 : columns.indexOf(users.userIdColumn);
    this.#anonymousAt =
      users.anonymousIdColumn === undefined ? -1 : columns.indexOf(users.anonymousIdColumn);
    this.columns = columns;
    this.#types = columns.map((column) => types.get(column) ?? "text");
    this.#fields = fields;
    this.identifiers = fields
      .filter(({ mapping }) => mapping.isIdentifier)
      .map(({ mapping }) => mapping.to);
    this.preserved = fields
      .filter(({ mapping }) => mapping.preserveValues)
      .map(({ mapping }) => mapping.to);
    const made = JSON.stringify([key, columns, this.#types, fields.map(({ mapping }) => mapping)]);
    this.contract = createHash("sha256").update(made).digest("hex");
  }

  userOf(row: SourceRow): RowUser {
    return {
      userId: row[this.#userAt] ?? undefined,
      anonymousId: row[this.#anonymousAt] ?? undefined,
    };
  }

  recordOf(row: SourceRow, meta: RunMeta): Result<MappedRecord, string> {
    const fields: Record<string, unknown> = {};
    let whole: Readonly<Record<string, unknown>> | undefined;
    for (const field of this.#fields) {
      const { mapping, template } = field;
      if (template !== undefined) {
        whole ??= this.#whole(row);
        const rendered = template.render(whole);
        if (!rendered.ok) return err(`${mapping.to}: ${rendered.error}`);
        fields[mapping.to] = rendered.value;
        continue;
      }
      const value = fieldValue(field, row, meta);
      if (value === null && !mapping.syncNullValues) continue;
      fields[mapping.to] = value;
    }
    return ok({ identifier: this.#identifier(fields), fields });
  }

  deletionOf(
    key: SourceRow,
    strategy: "delete" | "null",
    meta: RunMeta,
  ): Result<MappedRecord, string> {
    const fields: Record<string, unknown> = {};
    for (const field of this.#fields) {
      const { mapping } = field;
      if (mapping.isIdentifier) fields[mapping.to] = fieldValue(field, key, meta);
      else if (strategy === "null") fields[mapping.to] = null;
    }
    return ok({ identifier: this.#identifier(fields), fields });
  }

  #whole(row: SourceRow): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      this.columns.map((column, at) => [
        column,
        valueOf(row[at] ?? null, this.#types[at] ?? "text"),
      ]),
    );
  }

  #identifier(fields: Readonly<Record<string, unknown>>): string {
    const values = this.identifiers.map((name) => fields[name]);
    return values
      .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
      .join(",");
  }
}

function fieldValue({ mapping, at, type }: ReadyField, row: SourceRow, meta: RunMeta): unknown {
  const { from } = mapping;
  switch (from.type) {
    case "column":
      return valueOf(row[at] ?? null, type);
    case "hash": {
      const cell = row[at] ?? null;
      return cell === null ? null : createHash("sha256").update(cell).digest("hex");
    }
    case "constant":
      return from.value;
    case "sync_metadata":
      return metaValue(from.key, meta);
    // Rendered where the whole row is at hand.
    case "template":
      return null;
  }
}

function metaValue(key: "sync_id" | "sync_run_id" | "sync_run_started_at", meta: RunMeta): string {
  switch (key) {
    case "sync_id":
      return meta.syncId;
    case "sync_run_id":
      return meta.runId;
    case "sync_run_started_at":
      return new Date(meta.startedAtMs).toISOString();
  }
}
