import type { Sync } from "../../../src/sync/sync.ts";
import { KEY, type Life } from "./run-model.ts";

/** The sync of a life, whose mapping has that constant in it. */
export function syncOf(
  { behaviour, mirrorStrategy }: Pick<Life, "behaviour" | "mirrorStrategy">,
  constant: string,
): Sync {
  const column = (name: string): Sync["mappings"][number] => ({
    to: name,
    from: { type: "column", column: name },
    isIdentifier: KEY.includes(name),
    preserveValues: false,
    syncNullValues: true,
  });
  return {
    id: "syn_eu_01aaaaaaaaaaaaaaaaaaaaaaaa_00000000000000",
    number: 1,
    label: "A life",
    version: 1,
    isPaused: false,
    source: {
      connectionId: "con_eu_01aaaaaaaaaaaaaaaaaaaaaaaa_00000000000000",
      model: { kind: "table", schema: "public", name: "people" },
    },
    destination: {
      connectionId: "con_eu_01aaaaaaaaaaaaaaaaaaaaaaaa_00000000000001",
      object: "copies",
    },
    behaviour,
    mirrorStrategy,
    key: KEY,
    mappings: [
      ...["region", "id", "name"].map(column),
      {
        to: "tag",
        from: { type: "constant", basicType: "text", value: constant },
        isIdentifier: false,
        preserveValues: false,
        syncNullValues: true,
      },
    ],
    syncAll: undefined,
    watermark: undefined,
    schedule: { kind: "manual" },
    users: { userIdColumn: "id", anonymousIdColumn: undefined },
    guards: { deleteSharePercentMax: 100, changeSharePercentMax: 100 },
    unload: undefined,
    log: "bucket",
    createdAtMs: 0,
    updatedAtMs: 0,
    deletedAtMs: undefined,
  };
}
