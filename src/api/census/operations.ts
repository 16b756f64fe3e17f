import type { Operation } from "../operation.ts";
import { CENSUS_END_OPERATIONS } from "./end-operations.ts";
import { CENSUS_RUN_OPERATIONS } from "./run-operations.ts";
import { CENSUS_SYNC_OPERATIONS } from "./sync-operations.ts";

/**
 * The calls that clients of Census make, in Census's shapes. They are a list of their own because
 * their refusals are no problem documents, so the OpenAPI document does not describe them.
 */
export const CENSUS_OPERATIONS: readonly Operation[] = [
  // Before those of a sync by its number, which /syncs/test_status looks like.
  ...CENSUS_RUN_OPERATIONS,
  ...CENSUS_SYNC_OPERATIONS,
  ...CENSUS_END_OPERATIONS,
];
