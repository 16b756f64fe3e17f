import type { HomeRegion } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";

/** A write of a workspace's region that was refused; `region` is where it lives and stays. */
export type RegionLocked = { readonly kind: "region-locked"; readonly region: HomeRegion };

/**
 * Decides whether a workspace may be created in `wanted`.
 *
 * Only the first creation may write the region, and only the one its object was made for. A later
 * one is refused even when it asks for the same region: a replayed or restored creation must never
 * look like a success to somebody who would then hold a second invite.
 *
 * @param held the region already written, absent before the first creation.
 * @param home the region in the workspace's id, which is where its object runs.
 */
export function lockRegion(
  held: HomeRegion | undefined,
  home: HomeRegion,
  wanted: HomeRegion,
): Result<HomeRegion, RegionLocked> {
  if (held !== undefined) return err({ kind: "region-locked", region: held });
  return wanted === home ? ok(wanted) : err({ kind: "region-locked", region: home });
}
