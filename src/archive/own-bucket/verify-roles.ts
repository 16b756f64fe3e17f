import type { Result } from "../../core/result.ts";
import type { OwnBucket } from "../../region/own-bucket.ts";
import type { BucketFailure } from "../../s3/failures.ts";
import type { Session } from "../../s3/sts.ts";
import type { VerificationStep, VerificationStepName } from "./verification.ts";
import { failed, passed, patient, type Patience } from "./verify-steps.ts";

/** What is reached to try the roles of a bucket at AWS. */
export type RolesDeps = {
  readonly own: OwnBucket;
  /** Asks for the role with that ExternalId, or without one. */
  readonly assume: (
    role: string,
    externalId: string | undefined,
  ) => Promise<Result<Session, BucketFailure>>;
};

/** No customer's: its form is that of ours, its content is nobody's. */
const WRONG_EXTERNAL_ID = "homeport-verification-of-a-wrong-id";

/** Whether each role can be had with the ExternalId, and first of all whether none can without. */
export async function verifyRoles(
  deps: RolesDeps,
  patience: Patience,
): Promise<readonly VerificationStep[]> {
  const assumed = await assumeRoles(deps, patience);
  return [await refuseOthers(deps, assumed), ...assumed];
}

async function assumeRoles(
  deps: RolesDeps,
  patience: Patience,
): Promise<readonly VerificationStep[]> {
  const { externalId } = deps.own;
  const roles = rolesOf(deps.own);
  return Promise.all(
    roles.map(async ([step, role]) => {
      const session = await patient(patience, () => deps.assume(role, externalId));
      if (session.ok) return passed(step, "The role was assumed with the ExternalId.");
      return failed(
        step,
        session.error,
        "Apply the trust policy of storage/setup to the role: it has to name the platform and the ExternalId.",
      );
    }),
  );
}

/** A role that can be had without our ExternalId could be had by any other workspace as well. */
async function refuseOthers(
  deps: RolesDeps,
  assumed: readonly VerificationStep[],
): Promise<VerificationStep> {
  const step = "external-id";
  // Only a role that can be assumed shows anything by refusing.
  if (assumed.some(({ state }) => state === "failed")) {
    return { step, state: "skipped", found: "The role cannot be assumed yet." };
  }
  for (const [, role] of rolesOf(deps.own)) {
    for (const externalId of [undefined, WRONG_EXTERNAL_ID]) {
      const session = await deps.assume(role, externalId);
      const how = externalId === undefined ? "without an ExternalId" : "with a wrong ExternalId";
      if (session.ok) {
        return {
          step,
          state: "failed",
          found: `A role could be assumed ${how}.`,
          change:
            "Let the trust policy ask for the ExternalId with StringEquals on sts:ExternalId.",
        };
      }
      if (session.error.kind !== "refused") {
        return failed(step, session.error, "Verify again: STS did not answer.");
      }
    }
  }
  return passed(step, "No role can be assumed without the ExternalId.");
}

function rolesOf({ access }: OwnBucket): readonly (readonly [VerificationStepName, string])[] {
  switch (access.kind) {
    case "roles":
      return [
        ["assume-writer", access.writer],
        ["assume-reader", access.reader],
        ["assume-eraser", access.eraser],
      ];
    case "segment":
      return [["assume-reader", access.role]];
    case "keys":
      return [];
  }
}
