import { BASE32_CLASS, randomBase32, type RandomBytes } from "./base32.ts";

/** Where a workspace lives for good; the only two places events may be stored. */
export type HomeRegion = "eu" | "us";

/**
 * Ids that know their home. `ws_eu_<16>` is a workspace; everything inside it is
 * `<kind>_eu_<16 of the workspace><10 of its own>`, so that from any id alone the region, the
 * workspace and the object are known, and no lookup table has to span regions.
 */
export type ChildKind =
  | "src"
  | "dst"
  | "flt"
  | "tok"
  | "syn"
  | "con"
  | "run"
  | "rpl"
  | "reg"
  | "job"
  | "ntc";

export type WorkspaceId = `ws_${string}`;
export type ChildId<K extends ChildKind> = `${K}_${string}`;
export type SourceId = ChildId<"src">;
export type TokenId = ChildId<"tok">;
export type RegulationId = ChildId<"reg">;
export type DestinationId = ChildId<"dst">;

/** Characters of a workspace's own suffix: 80 random bits. */
export const WORKSPACE_CHARS = 16;

/** Characters that tell the children of one workspace apart: 50 random bits. */
export const CHILD_CHARS = 10;

/** The parts of an id. `child` is empty for a workspace. */
export type IdParts = {
  readonly kind: "ws" | ChildKind;
  readonly region: HomeRegion;
  readonly workspace: string;
  readonly child: string;
};

const WORKSPACE_ID = new RegExp(`^ws_(eu|us)_(${BASE32_CLASS}{${WORKSPACE_CHARS}})$`);
const CHILD_ID = new RegExp(
  `^(src|dst|flt|tok|syn|con|run|rpl|reg|job|ntc)_(eu|us)_(${BASE32_CLASS}{${WORKSPACE_CHARS}})(${BASE32_CLASS}{${CHILD_CHARS}})$`,
);

/** A new workspace's id in `region`. */
export function newWorkspaceId(region: HomeRegion, random: RandomBytes): WorkspaceId {
  return `ws_${region}_${randomBase32(WORKSPACE_CHARS, random)}`;
}

/** A new id of `kind` inside the workspace; its region is the workspace's. */
export function newChildId<K extends ChildKind>(
  kind: K,
  workspaceId: WorkspaceId,
  random: RandomBytes,
): ChildId<K> {
  const parts = parseId(workspaceId);
  if (parts === undefined) throw new TypeError("Cannot make a child id: not a workspace id");
  return `${kind}_${parts.region}_${parts.workspace}${randomBase32(CHILD_CHARS, random)}`;
}

/** The parts of `text`, or `undefined` when it is not an id of ours. */
export function parseId(text: string): IdParts | undefined {
  const workspace = WORKSPACE_ID.exec(text);
  if (workspace !== null) {
    const [, region, suffix] = workspace;
    return { kind: "ws", region: region as HomeRegion, workspace: suffix ?? "", child: "" };
  }
  const child = CHILD_ID.exec(text);
  if (child === null) return undefined;
  const [, kind, region, suffix, own] = child;
  return {
    kind: kind as ChildKind,
    region: region as HomeRegion,
    workspace: suffix ?? "",
    child: own ?? "",
  };
}

/** Whether `text` is an id of that kind. */
export function isChildId<K extends ChildKind>(kind: K, text: string): text is ChildId<K> {
  return parseId(text)?.kind === kind;
}

/** The workspace an id belongs to. Throws on text that is no id: parse what comes from outside first. */
export function workspaceOf(id: string): WorkspaceId {
  const parts = parseId(id);
  if (parts === undefined) throw new TypeError("Cannot find the workspace: not an id of ours");
  return `ws_${parts.region}_${parts.workspace}`;
}

/** The home region an id belongs to. Throws on text that is no id. */
export function regionOf(id: string): HomeRegion {
  const parts = parseId(id);
  if (parts === undefined) throw new TypeError("Cannot find the region: not an id of ours");
  return parts.region;
}
