import { rowsWithout } from "../../deliver/lake/erase-rows.ts";
import type { EraseSlice, ErasedFiles } from "../../deliver/deliverer.ts";
import { eraseFolders, type Folder } from "../../deliver/erase-folder.ts";
import { logPrefix } from "./parquet-log.ts";

/** Whom a deletion takes out. */
export type ForgottenRows = Parameters<typeof rowsWithout>[0];

const FILE = /\/records\.\d+\.parquet$/;

/** Takes users out of the reports of a sync, as far as a slice goes. */
export async function eraseLogs(
  buckets: readonly Folder["bucket"][],
  syncId: string,
  users: ForgottenRows,
  slice: EraseSlice,
): Promise<ErasedFiles> {
  const folders = buckets.map((bucket) => ({ bucket, prefix: logPrefix(syncId) }));
  return eraseFolders(
    folders,
    {
      isOurs: (key) => FILE.test(key),
      rewrite: (file) => rowsWithout(users, file),
      object: { contentType: "application/vnd.apache.parquet" },
    },
    slice,
  );
}
