import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import type { JobRef } from "../../src/archive/jobs.ts";
import { archive, archiveStub } from "./support/archive.ts";
import { FakeS3 } from "./support/fake-s3.ts";

const START = { fingerprintKey: "000102030405060708090a0b0c0d0e0f" };
const DELETION: JobRef = { id: "reg_eu_bcjfgb5z16mzdcx9aaaaaaaaaa", kind: "deletion" };
const REPLAY: JobRef = { id: "rpl_eu_bcjfgb5z16mzdcx9bbbbbbbbbb", kind: "replay" };

beforeEach(() => {
  new FakeS3().install();
});

describe("Archive.enterJob()", () => {
  it("keeps whose turn it is over an eviction", async () => {
    await archive().enterJob(DELETION);
    await evictDurableObject(archiveStub());

    expect(await archive().enterJob(REPLAY)).toEqual({ kind: "waiting", waitsFor: DELETION });
  });
});

describe("a rebuild beside other jobs", () => {
  it("waits for a deletion and says so", async () => {
    await archive().enterJob(DELETION);
    const started = await archive().startRebuild(START);
    await runDurableObjectAlarm(archiveStub());

    expect(started).toMatchObject({ ok: true, value: { waitsFor: DELETION, listed: 0 } });
  });

  it("starts by itself once the deletion has left", async () => {
    await archive().enterJob(DELETION);
    await archive().startRebuild(START);
    await archive().leaveJob(DELETION.id);
    await runDurableObjectAlarm(archiveStub());

    expect((await archive().rebuild())?.state).toBe("done");
  });

  it("leaves its turn when it is over", async () => {
    await archive().startRebuild(START);
    await runDurableObjectAlarm(archiveStub());

    expect(await archive().jobs()).toEqual([]);
  });
});
