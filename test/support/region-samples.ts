import fc from "fast-check";

import type { ChildKind, HomeRegion, WorkspaceId } from "../../src/core/ids.ts";
import { newChildId, newWorkspaceId } from "../../src/core/ids.ts";
import type { ObjectName } from "../../src/region/object-names.ts";
import { HOME_REGIONS } from "../../src/region/regions.ts";
import type { KeySecret, KeySecrets } from "../../src/region/write-key.ts";

/** Every kind that stands in an id below a workspace. */
export const CHILD_KINDS: readonly ChildKind[] = [
  "src",
  "dst",
  "tok",
  "syn",
  "con",
  "run",
  "rpl",
  "reg",
  "job",
  "ntc",
];

/** Randomness that a property test can repeat and shrink. */
export const randomBytes = fc
  .uint8Array({ minLength: 64, maxLength: 64 })
  .map((bytes) => (length: number) => bytes.slice(0, length));

export const homeRegions = fc.constantFrom<HomeRegion>("eu", "us");
export const childKinds = fc.constantFrom(...CHILD_KINDS);

export const workspaceIds: fc.Arbitrary<WorkspaceId> = fc
  .tuple(homeRegions, randomBytes)
  .map(([region, random]) => newWorkspaceId(region, random));

export const sourceIds = fc
  .tuple(workspaceIds, randomBytes)
  .map(([workspaceId, random]) => newChildId("src", workspaceId, random));

/** Names of every kind of object, queues only where their home allows them. */
export const objectNames: fc.Arbitrary<ObjectName> = fc.oneof(
  workspaceIds.map((workspaceId) => ({ kind: "workspace" as const, workspaceId })),
  homeRegions.map((region) => ({ kind: "directory" as const, region })),
  sourceIds.map((sourceId) => ({ kind: "archive" as const, sourceId })),
  fc
    .tuple(sourceIds, fc.integer({ min: 1970, max: 9999 }), fc.integer({ min: 1, max: 12 }))
    .map(([sourceId, year, month]) => ({
      kind: "archive-month" as const,
      sourceId,
      month: `${year}-${String(month).padStart(2, "0")}`,
    })),
  fc.tuple(sourceIds, fc.nat(), fc.integer({ min: 0, max: 63 })).map(([sourceId, pick, shard]) => {
    const { ingestRegions } = HOME_REGIONS[sourceId.startsWith("src_eu_") ? "eu" : "us"];
    const ingestRegion = ingestRegions[pick % ingestRegions.length] ?? "us1";
    return { kind: "queue" as const, sourceId, ingestRegion, shard };
  }),
);

/** A secret made of one byte repeated: enough to tell secrets apart. */
export function keySecret(id: number, byte: number): KeySecret {
  return { id, secret: new Uint8Array(32).fill(byte) };
}

/** Secrets of both regions, two of them live in each. */
export const KEY_SECRETS: Readonly<Record<HomeRegion, KeySecrets>> = {
  eu: [keySecret(2, 0xe2), keySecret(1, 0xe1)],
  us: [keySecret(2, 0xa2), keySecret(1, 0xa1)],
};

/** `text` with the character at `position` replaced. */
export function mutated(text: string, position: number, char: string): string {
  return text.slice(0, position) + char + text.slice(position + 1);
}
