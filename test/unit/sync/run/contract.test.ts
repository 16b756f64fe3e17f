import { describe, expect, it } from "vitest";

import {
  firstContract,
  fullSyncReason,
  isOtherContract,
  mixedContract,
  type FullSyncGround,
  type SyncContract,
} from "../../../../src/sync/run/contract.ts";

const NOW: SyncContract = { mapping: "a", source: "s", destination: "d", key: "k" };

function reason(ground: Partial<FullSyncGround>) {
  const usual = { held: NOW, now: NOW, isRequested: false, accepted: 5, isOnce: false };
  return fullSyncReason({ ...usual, ...ground });
}

describe("fullSyncReason()", () => {
  it("is none while nothing changed", () => {
    expect(reason({})).toBeUndefined();
  });

  it("is the first run as long as none came to its end", () => {
    expect(reason({ held: firstContract(NOW), accepted: 3 })).toBe("first_run");
  });

  it("is another mapping also when somebody changed it back after a part was sent", () => {
    const held = mixedContract(NOW, { ...NOW, mapping: "b" });

    expect(reason({ held })).toBe("mapping_changed");
  });

  it("is another destination also when somebody changed it back after a part was sent", () => {
    const held = mixedContract(NOW, { ...NOW, destination: "e" });

    expect(reason({ held })).toBe("destination_changed");
  });

  it("is no other mapping where a record is sent once in its life", () => {
    expect(reason({ held: { ...NOW, mapping: "b" }, isOnce: true })).toBeUndefined();
  });

  it("is another behaviour where what was accepted says too little for it", () => {
    const changed = (from: string, behaviour: string) =>
      reason({ held: { ...NOW, behaviour: from }, now: { ...NOW, behaviour } });

    expect(changed("upsert", "mirror")).toBe("behaviour_changed");
    expect(changed("upsert", "delete")).toBe("behaviour_changed");
    expect(changed("insert", "upsert")).toBe("behaviour_changed");
    expect(changed("mirror", "upsert")).toBeUndefined();
  });

  it("is no other behaviour where older code did not write down which it was", () => {
    expect(reason({ now: { ...NOW, behaviour: "mirror" } })).toBeUndefined();
  });

  it("is a lost state where something was accepted and nobody knows under what", () => {
    expect(reason({ held: undefined })).toBe("state_lost");
  });
});

describe("isOtherContract()", () => {
  it("does not mind another server", () => {
    expect(isOtherContract({ ...NOW, source: "t" }, NOW)).toBe(false);
  });

  it("minds another behaviour", () => {
    const found = { ...NOW, behaviour: "upsert" };

    expect(isOtherContract(found, { ...NOW, behaviour: "mirror" })).toBe(true);
  });

  it("minds another mapping", () => {
    expect(isOtherContract({ ...NOW, mapping: "b" }, NOW)).toBe(true);
  });
});
