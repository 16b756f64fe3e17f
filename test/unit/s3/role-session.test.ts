import { describe, expect, it } from "vitest";

import { err, ok } from "../../../src/core/result.ts";
import { RENEW_BEFORE_MS, RoleSession } from "../../../src/s3/role-session.ts";

const HOUR_MS = 3_600_000;

/** A role whose sessions are numbered and last for an hour. */
class NumberedRole {
  nowMs = 0;
  asked = 0;
  isRefusing = false;
  readonly session = new RoleSession(
    async () => {
      this.asked += 1;
      if (this.isRefusing) return err({ kind: "refused", status: 403, code: "AccessDenied" });
      return ok({
        accessKeyId: `key-${this.asked}`,
        secretAccessKey: "secret",
        sessionToken: "token",
        expiresAtMs: this.nowMs + HOUR_MS,
      });
    },
    () => this.nowMs,
  );

  async key(): Promise<string> {
    const session = await this.session.current();
    return session.ok ? session.value.accessKeyId : "none";
  }
}

describe("RoleSession", () => {
  it("is asked for once by all that wait for it", async () => {
    const role = new NumberedRole();

    const keys = await Promise.all([role.key(), role.key(), role.key()]);

    expect(keys).toEqual(["key-1", "key-1", "key-1"]);
  });

  it("is renewed before it ends", async () => {
    const role = new NumberedRole();
    await role.key();
    role.nowMs = HOUR_MS - RENEW_BEFORE_MS;

    expect(await role.key()).toBe("key-2");
  });

  it("is used to its end while it cannot be renewed, and no longer", async () => {
    const role = new NumberedRole();
    await role.key();
    role.isRefusing = true;

    role.nowMs = HOUR_MS - 1;
    expect(await role.key()).toBe("key-1");
    role.nowMs = HOUR_MS;
    expect(await role.key()).toBe("none");
  });

  it("is asked for anew after it was refused", async () => {
    const role = new NumberedRole();
    await role.key();

    role.session.drop();

    expect(await role.key()).toBe("key-2");
  });
});
