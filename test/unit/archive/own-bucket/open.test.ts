import { afterEach, describe, expect, it, vi } from "vitest";

import { ownBucket, type Opening } from "../../../../src/archive/own-bucket/open.ts";
import { parseConfig } from "../../../../src/config.ts";
import type { OwnBucket } from "../../../../src/region/own-bucket.ts";
import { PRODUCTION } from "../../../support/settings.ts";

const R2 = "0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com";
const OWN: OwnBucket = {
  name: "own-1",
  location: "eu-west-1",
  bucket: "my-events",
  endpoint: R2,
  label: R2,
  access: { kind: "keys", accessKeyId: "id" },
  externalId: "",
};

afterEach(() => vi.restoreAllMocks());

function opening(settings: Readonly<Record<string, string>> = {}): Opening {
  return {
    config: parseConfig({ ...PRODUCTION, ...settings }),
    sourceId: "src_eu_0123456789abcdef0123456789",
    now: () => 0,
    secretOf: async () => "the-secret-key",
  };
}

/** The one request that a look at the bucket sends; the answer is empty. */
async function requestTo(open: Opening, own: OwnBucket) {
  const fetched = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response(""));
  const looked = await ownBucket(open, own, "reader").head("segment-logs/a");
  const request = fetched.mock.calls[0]?.[0] as Request | undefined;
  return { looked, request };
}

describe("ownBucket() outside AWS", () => {
  it("asks R2's endpoint of the jurisdiction, signed for R2's only region", async () => {
    const { request } = await requestTo(opening(), OWN);

    expect(request?.url).toBe(`https://${R2}/my-events/segment-logs/a`);
    expect(request?.headers.get("authorization")).toContain("/auto/s3/aws4_request");
  });

  it("asks an endpoint that the operator lists, signed for what the listing says", async () => {
    const host = "s3.fr-par.scw.cloud";
    const listed = opening({ S3_ENDPOINTS: `${host}=eu:generic:fr-par` });

    const { request } = await requestTo(listed, { ...OWN, endpoint: host });

    expect(request?.url).toBe(`https://${host}/my-events/segment-logs/a`);
    expect(request?.headers.get("authorization")).toContain("/fr-par/s3/aws4_request");
  });

  it.each([
    ["that the operator lists no more", "s3.fr-par.scw.cloud", {}],
    [
      "that the operator lists for the other region",
      "s3.example.com",
      { S3_ENDPOINTS: "s3.example.com=us:generic:x" },
    ],
    ["of R2's other jurisdiction", R2.replace(".eu.", ".us."), {}],
  ])("sends nothing to an endpoint %s", async (_what, endpoint, settings) => {
    const { looked, request } = await requestTo(opening(settings), { ...OWN, endpoint });

    expect(request).toBeUndefined();
    expect(looked).toMatchObject({ ok: false, error: { code: "egress-host-not-allowed" } });
  });

  it("sends nothing while the key cannot be had", async () => {
    const without = {
      ...opening(),
      secretOf: async (): Promise<string> => {
        throw new Error("not now");
      },
    };

    const { looked, request } = await requestTo(without, OWN);

    expect(request).toBeUndefined();
    expect(looked).toMatchObject({ error: { kind: "unavailable", code: "key-unavailable" } });
  });
});
