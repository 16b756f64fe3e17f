/** What a token may do. Exactly one role, and `events:read` besides for what shows event bodies. */
export const ROLES = ["owner", "editor", "viewer"] as const;
export type Role = (typeof ROLES)[number];
export type Right = Role | "events:read";

/** What a call needs: to read settings, to change them, to rule the workspace, to see events. */
export type Need = "read" | "write" | "own" | "events:read";

const OF_ROLE: Readonly<Record<Role, readonly Need[]>> = {
  owner: ["read", "write", "own"],
  editor: ["read", "write"],
  viewer: ["read"],
};

/** Whether those rights allow a call that needs `need`. No role includes `events:read` by itself. */
export function allows(rights: readonly Right[], need: Need): boolean {
  return rights.some((right) =>
    right === "events:read" ? need === "events:read" : OF_ROLE[right].includes(need),
  );
}

/** Whether a list of rights is one that a token may have: one role, nothing twice. */
export function isRightsList(rights: readonly Right[]): boolean {
  const roles = rights.filter((right) => right !== "events:read");
  return roles.length === 1 && new Set(rights).size === rights.length;
}
