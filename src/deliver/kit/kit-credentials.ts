import { catalogueEntry, hostsFor } from "../catalogue/catalogue.ts";
import type { CredentialTest } from "../destinations.ts";
import { outcomeOfError } from "./kit-failure.ts";
import { openKit, type KitGround } from "./kit-session.ts";

/**
 * Asks the vendor whether the credentials are good, as the kit does it; not where the kit has no
 * test, and not where the kit would ask outside of the region.
 *
 * @throws Error when the destination may not be used in the region at all.
 */
export async function testKitCredentials(
  ground: KitGround,
  now: () => number,
): Promise<CredentialTest> {
  const session = await openKit(ground);
  const { destination } = session.kit;
  if (destination.definition.authentication?.testAuthentication === undefined) {
    return { kind: "skipped", reason: "The kit has no test for this destination." };
  }
  const support = catalogueEntry(ground.slug)?.[ground.region];
  const hosts = support === undefined ? [] : hostsFor(support, ["credential-test"]);
  if (hosts.length === 0 && support?.hostSetting === undefined) {
    return { kind: "skipped", reason: "The kit would ask a host outside of the region." };
  }
  try {
    await session.within(["credential-test", "oauth"], () =>
      destination.testAuthentication({ ...session.settings, oauth: { ...session.tokens } }),
    );
    return { kind: "passed" };
  } catch (error) {
    return { kind: "failed", code: codeOf(error, now()) };
  } finally {
    destination.responses.length = 0;
  }
}

/** The kit makes a sentence of the answer, with its status in it. */
function codeOf(error: unknown, nowMs: number): string {
  const status = error instanceof Error && /^Credentials are invalid: (\d{3}) /.exec(error.message);
  if (status) return status[1] ?? "";
  const outcome = outcomeOfError(error, nowMs);
  return "code" in outcome ? outcome.code : "INTERNAL";
}
