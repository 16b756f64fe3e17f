import { describe, expect, it } from "vitest";

import { compileMapping, type MappedSync } from "../../../../src/sync/mapping/compile.ts";
import type { FieldMapping, MappingFrom } from "../../../../src/sync/mapping/mapping.ts";
import type { SourceColumn } from "../../../../src/sync/source/source.ts";

const COLUMNS: readonly SourceColumn[] = [
  { name: "id", type: "integer" },
  { name: "email", type: "text" },
  { name: "Full Name", type: "text" },
  { name: "is_paying", type: "boolean" },
  { name: "seen_at", type: "date_time" },
  { name: "extra", type: "json" },
  { name: "spent", type: "decimal" },
];
const META = { syncId: "syn_eu_1", runId: "run_eu_1", startedAtMs: Date.UTC(2026, 10, 22) };

function field(to: string, from: MappingFrom, more: Partial<FieldMapping> = {}): FieldMapping {
  return { to, from, isIdentifier: false, preserveValues: false, syncNullValues: true, ...more };
}

const column = (name: string): MappingFrom => ({ type: "column", column: name });
const template = (text: string): MappingFrom => ({ type: "template", template: text });
const ID = field("userId", column("id"), { isIdentifier: true });

function sync(mappings: readonly FieldMapping[], more: Partial<MappedSync> = {}): MappedSync {
  return {
    key: ["id"],
    mappings,
    syncAll: undefined,
    users: { userIdColumn: undefined, anonymousIdColumn: undefined },
    watermark: undefined,
    ...more,
  };
}

function mapper(mappings: readonly FieldMapping[], more: Partial<MappedSync> = {}) {
  const compiled = compileMapping(sync(mappings, more), COLUMNS);
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join(" "));
  return compiled.value;
}

function problems(mappings: readonly FieldMapping[], more: Partial<MappedSync> = {}) {
  const compiled = compileMapping(sync(mappings, more), COLUMNS);
  return compiled.ok ? [] : compiled.error.map(({ path }) => path);
}

function fieldsOf(
  mappings: readonly FieldMapping[],
  values: Readonly<Record<string, string | null>>,
) {
  const made = mapper([ID, ...mappings]);
  const row = made.columns.map((name) => (name === "id" ? "7" : (values[name] ?? null)));
  const record = made.recordOf(row, META);
  if (!record.ok) throw new Error(record.error);
  return record.value.fields;
}

describe("compileMapping()", () => {
  it("reads the key's columns first and no column that nothing uses", () => {
    const made = mapper([field("mail", column("email")), ID]);

    expect(made.columns).toEqual(["id", "email"]);
  });

  it("reads the columns that a template uses, and all of them when it uses the whole record", () => {
    expect(mapper([ID, field("a", template("{{ record['Full Name'] }}"))]).columns).toEqual([
      "id",
      "Full Name",
    ]);
    expect(mapper([ID, field("a", template("{{ record | json }}"))]).columns.toSorted()).toEqual(
      COLUMNS.map(({ name }) => name).toSorted(),
    );
  });

  it.each([
    ["a column that is not there", [ID, field("a", column("nope"))], "mappings.1.from"],
    [
      "a template with an unknown column",
      [ID, field("a", template("{{ record.nope }}"))],
      "mappings.1.from",
    ],
    [
      "a template with another variable",
      [ID, field("a", template("{{ user.id }}"))],
      "mappings.1.from",
    ],
    [
      "a template that includes another",
      [ID, field("a", template("{% render 'x' %}"))],
      "mappings.1.from",
    ],
    [
      "an unknown filter",
      [ID, field("a", template("{{ record.email | shout }}"))],
      "mappings.1.from",
    ],
    [
      "an identifier that is not the key",
      [field("m", column("email"), { isIdentifier: true })],
      "mappings",
    ],
    [
      "an identifier made by a template",
      [field("m", template("{{ record.id }}"), { isIdentifier: true })],
      "mappings",
    ],
  ] as const)("refuses %s", (_what, mappings, path) => {
    expect(problems(mappings)).toContain(path);
  });

  it("takes a key of several columns, each mapped to an identifier", () => {
    const mappings = [ID, field("mail", column("email"), { isIdentifier: true })];
    const made = mapper(mappings, { key: ["id", "email"] });

    expect(made.identifiers).toEqual(["userId", "mail"]);
    expect(problems([ID], { key: ["id", "email"] })).toEqual(["mappings"]);
  });

  it("maps what is left under normalized names", () => {
    const made = mapper([ID], { syncAll: { normalization: "camel_case", order: "mapping_order" } });
    const row = made.columns.map(() => null);
    const record = made.recordOf(["7", ...row.slice(1)], META);

    expect(record.ok && Object.keys(record.value.fields)).toEqual([
      "userId",
      "email",
      "fullName",
      "isPaying",
      "seenAt",
      "extra",
      "spent",
    ]);
  });

  it("leaves a column that is mapped as a hash to that mapping alone", () => {
    const hashed = field("email_hash", { type: "hash", column: "email" });
    const syncAll = { normalization: "match_source_names", order: "mapping_order" } as const;
    const made = mapper([ID, hashed], { syncAll });
    const row = made.columns.map((name) => (name === "email" ? "a@b.example" : null));
    const record = made.recordOf(row, META);

    expect(Object.values(record.ok ? record.value.fields : {})).not.toContain("a@b.example");
    expect(record.ok && record.value.fields["email_hash"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("has another contract when a constant changes, and the same when nothing does", () => {
    const constant = (value: string): MappingFrom => ({
      type: "constant",
      basicType: "text",
      value,
    });
    const one = mapper([ID, field("plan", constant("a"))]).contract;

    expect(mapper([ID, field("plan", constant("a"))]).contract).toBe(one);
    expect(mapper([ID, field("plan", constant("b"))]).contract).not.toBe(one);
  });
});

describe("a record", () => {
  it("has values of the column's type", () => {
    const names = ["email", "is_paying", "seen_at", "extra", "spent"];
    const fields = fieldsOf(
      names.map((name) => field(name, column(name))),
      {
        email: "a@b.c",
        is_paying: "true",
        seen_at: "2026-01-02 03:04:05.123456+00",
        extra: '{"a": [1]}',
        spent: "12.50",
      },
    );

    expect(fields).toEqual({
      userId: 7,
      email: "a@b.c",
      is_paying: true,
      seen_at: "2026-01-02T03:04:05.123456Z",
      extra: { a: [1] },
      spent: "12.50",
    });
  });

  it("leaves out NULL where the mapping says so, and sends it otherwise", () => {
    const mappings = [
      field("kept", column("email")),
      field("left", column("email"), { syncNullValues: false }),
    ];

    expect(fieldsOf(mappings, {})).toEqual({ userId: 7, kept: null });
  });

  it("has constants, hashes, metadata and templates", () => {
    const fields = fieldsOf(
      [
        field("plan", { type: "constant", basicType: "number", value: 3 }),
        field("hash", { type: "hash", column: "email" }),
        field("run", { type: "sync_metadata", key: "sync_run_id" }),
        field(
          "text",
          template(
            "{{ record.email | upcase }} {{ record.id | plus: 1 }} {{ 'a' | sha256 | slice: 0, 4 }}",
          ),
        ),
      ],
      { email: "abc" },
    );

    expect(fields).toEqual({
      userId: 7,
      plan: 3,
      hash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      run: "run_eu_1",
      text: "ABC 8 ca97",
    });
  });
});

describe("a record that is gone", () => {
  const made = mapper([
    ID,
    field("mail", column("email")),
    field("plan", { type: "constant", basicType: "text", value: "a" }),
  ]);

  it("is its identifier alone", () => {
    expect(made.deletionOf(["7"], "delete", META)).toEqual({
      ok: true,
      value: { identifier: "7", fields: { userId: 7 } },
    });
  });

  it("has every mapped field null where that is the strategy", () => {
    expect(made.deletionOf(["7"], "null", META)).toEqual({
      ok: true,
      value: { identifier: "7", fields: { userId: 7, mail: null, plan: null } },
    });
  });
});
