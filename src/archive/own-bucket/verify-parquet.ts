import { PARQUET_FOLDER } from "../../region/own-bucket.ts";
import type { VerificationStep } from "./verification.ts";
import { probeBucket, type ProbeDeps } from "./verify-probe.ts";
import { passed, type Patience } from "./verify-steps.ts";

/**
 * The same probe in the data lake's folder, as one step: the first thing that could not be done there
 * is what it says. Nothing but a deletion reads a lake, so the eraser takes the reader's part.
 */
export async function probeParquet(
  deps: Omit<ProbeDeps, "folder">,
  patience: Patience,
): Promise<readonly VerificationStep[]> {
  if (deps.own.dataLake !== true) return [];
  const open: ProbeDeps["open"] = (purpose) => deps.open(purpose === "reader" ? "eraser" : purpose);
  const steps = await probeBucket({ ...deps, open, folder: PARQUET_FOLDER }, patience);
  const failure = steps.find(({ state }) => state === "failed");
  if (failure === undefined) {
    return [
      passed("data-lake", `An object was written, rewritten and deleted in ${PARQUET_FOLDER}.`),
    ];
  }
  const found = `In ${PARQUET_FOLDER}, ${failure.step}: ${failure.found}`;
  return [{ ...failure, step: "data-lake", found }];
}
