import { describe, expect, it } from "vitest";

import type { OpenedConnection } from "../../../../src/sync/connection/open.ts";
import { testConnection } from "../../../../src/sync/connection/test-connection.ts";

const CONNECTION: OpenedConnection = {
  id: "con_eu_0123456789abcdef0123456789",
  kind: "files",
  region: "eu",
  settings: {},
  hosts: ["storage.example.com"],
};

/** What is said of a bucket's place; nobody is asked, because whoever wants to know has left. */
async function placeOf(host: string): Promise<string | undefined> {
  const settings = { url: `https://${host}/files`, accessKeyId: "key", secretAccessKey: "s" };
  const context = { development: false, dial: () => Promise.reject(new Error("Nobody dials")) };
  const steps = await testConnection({ ...CONNECTION, settings }, context, AbortSignal.abort());
  return steps.find(({ step }) => step === "host_in_region")?.message;
}

describe("the test of a connection to files", () => {
  it("does not call shown what was only declared", async () => {
    expect(await placeOf("storage.example.com")).toBe(
      "The workspace declares that the bucket is in eu.",
    );
    expect(await placeOf("s3.eu-central-1.amazonaws.com")).toContain("shows");
  });
});
