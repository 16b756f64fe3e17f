import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeBase64Url, encodeBase64Url } from "../../../src/core/base64-url.ts";
import { isAuditable } from "../../../src/workspace/audit.ts";
import { headFileKey, isHeadSigned } from "../../../src/workspace/audit-head.ts";
import { headOf, newChain, START_MS, WORKSPACE_ID } from "../../support/audit-chain.ts";

describe("isHeadSigned()", () => {
  it("accepts a head as it was signed", async () => {
    expect(await isHeadSigned(await headOf(await newChain(), START_MS))).toBe(true);
  });

  it.each([
    ["workspaceId", "ws_eu_0123456789abcdeg"],
    ["seq", 3],
    ["hash", "0".repeat(64)],
    ["atMs", START_MS + 1],
    ["signature", "A".repeat(86)],
    ["signature", ""],
    ["publicKey", "A".repeat(43)],
    ["publicKey", "no key"],
  ])("refuses a head whose %s is %j", async (member, value) => {
    const head = await headOf(await newChain(), START_MS);

    expect(await isHeadSigned({ ...head, [member]: value })).toBe(false);
  });
});

describe("headFileKey()", () => {
  it("names workspace and day", async () => {
    const head = await headOf(await newChain(), START_MS);

    expect(headFileKey(head)).toBe(`audit/${WORKSPACE_ID}/2026-11-22.json`);
  });
});

describe("decodeBase64Url()", () => {
  it("gives back what was encoded", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each(["A", "AB", "A=", "A+AA", "A A"])("refuses %j, which nothing is encoded as", (text) => {
    expect(decodeBase64Url(text)).toBeUndefined();
  });
});

describe("isAuditable()", () => {
  const fact = {
    atMs: 0,
    actor: "operator",
    action: "source.update",
    subject: WORKSPACE_ID,
    fields: ["name"],
  };

  it("lets ids of ours and names of fields through", () => {
    expect(isAuditable(fact)).toBe(true);
  });

  it.each([
    ["subject", "u1"],
    ["subject", "someone@example.com"],
    ["actor", "someone@example.com"],
    ["actor", WORKSPACE_ID],
    ["fields", ["Jane Doe"]],
    ["fields", ["someone@example.com"]],
  ])("does not let a %s of %j through", (member, value) => {
    expect(isAuditable({ ...fact, [member]: value })).toBe(false);
  });
});
