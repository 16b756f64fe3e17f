import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homeBucketName, LOCATIONS } from "../../scripts/local-aws/options.ts";
import { startLocalAws, type LocalAws } from "../../scripts/local-aws/start.ts";
import { homeOf, type ArchiveLocation } from "../../src/region/regions.ts";
import { plainCall, signedCall, type RawCall, type RawS3 } from "../support/raw-s3.ts";

const HOME_BUCKET = "homeport-eu-west-1";

let aws: LocalAws;
let eu: RawS3;

beforeAll(async () => {
  aws = await startLocalAws();
  eu = client("eu-west-1");
});

afterAll(async () => {
  await aws.stop();
});

function client(location: ArchiveLocation): RawS3 {
  const endpoint = aws.endpoints[location];
  return { endpoint, region: location, ...aws.credentials[homeOf(location)] };
}

function put(key: string, body = "AAAA"): RawCall {
  return { method: "PUT", path: `/${HOME_BUCKET}/${key}`, body };
}

function read(key: string): Promise<{ readonly status: number }> {
  return signedCall(eu, { method: "GET", path: `/${HOME_BUCKET}/${key}` });
}

const MINUTES_20_MS = 20 * 60_000;
const base64 = (hash: "md5" | "sha256", text: string): string =>
  createHash(hash).update(text).digest("base64");

/** Whatever is written goes to `key`, which must not exist afterwards. */
const SIGNED_ATTACKS: readonly (readonly [string, (key: string) => RawCall])[] = [
  ["a wrong secret", (key) => ({ ...put(key), secretAccessKey: "x".repeat(40) })],
  ["an unknown access key", (key) => ({ ...put(key), accessKeyId: "AKIAUNKNOWN000000001" })],
  ["a tampered body", (key) => ({ ...put(key), send: { body: "BBBB" } })],
  ["a tampered path", (key) => ({ ...put("other"), send: { path: `/${HOME_BUCKET}/${key}` } })],
  [
    "a tampered query",
    () => ({
      method: "GET",
      path: `/${HOME_BUCKET}`,
      query: { "list-type": "2", prefix: "a" },
      send: { query: { "list-type": "2", prefix: "b" } },
    }),
  ],
  [
    "a tampered signed header",
    (key) => ({
      ...put(key),
      headers: { "x-amz-meta-k": "1" },
      send: { headers: { "x-amz-meta-k": "2" } },
    }),
  ],
  [
    "an unsigned x-amz-* header",
    (key) => ({ ...put(key), send: { headers: { "x-amz-acl": "public-read" } } }),
  ],
  ["an unsigned body hash", (key) => ({ ...put(key), unsigned: ["x-amz-content-sha256"] })],
  ["no body hash", (key) => ({ ...put(key), withoutHash: true })],
  ["an unsigned host", (key) => ({ ...put(key), unsigned: ["host"] })],
  ["a late date", (key) => ({ ...put(key), date: new Date(Date.now() - MINUTES_20_MS) })],
  ["an early date", (key) => ({ ...put(key), date: new Date(Date.now() + MINUTES_20_MS) })],
  ["another day in the scope", (key) => ({ ...put(key), day: "20200101" })],
  ["another region in the scope", (key) => ({ ...put(key), region: "ap-south-1" })],
  ["another service in the scope", (key) => ({ ...put(key), service: "ec2" })],
  [
    "a wrong Content-MD5",
    (key) => ({ ...put(key), headers: { "content-md5": base64("md5", "zzz") } }),
  ],
  [
    "a wrong x-amz-checksum-sha256",
    (key) => ({ ...put(key), headers: { "x-amz-checksum-sha256": base64("sha256", "zzz") } }),
  ],
  [
    "a session token with a long-term key",
    (key) => ({ ...put(key), headers: { "x-amz-security-token": "bogus" } }),
  ],
  ["a swapped method", (key) => ({ ...put(key), method: "GET", send: { method: "PUT" } })],
];

const ANONYMOUS_ATTACKS: readonly (readonly [string, string])[] = [
  ["PUT", `/${HOME_BUCKET}/kept`],
  ["GET", `/${HOME_BUCKET}/kept`],
  ["GET", `/${HOME_BUCKET}?list-type=2`],
  ["DELETE", `/${HOME_BUCKET}/kept`],
];

describe("local AWS, what it refuses", () => {
  beforeAll(async () => {
    await signedCall(eu, put("kept", "kept"));
  });

  it.each(SIGNED_ATTACKS)("refuses %s and stores nothing", async (name, attack) => {
    const key = `attack/${name}`;

    const answer = await signedCall(eu, attack(key));

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await read(key)).toMatchObject({ status: 404 });
  });

  it.each(ANONYMOUS_ATTACKS)("refuses an anonymous %s %s", async (method, path) => {
    const answer = await plainCall(aws.endpoints["eu-west-1"], method, path, {}, "AAAA");

    expect(answer).toMatchObject({ status: 403, code: "AccessDenied" });
    expect(await read("kept")).toMatchObject({ status: 200, body: "kept" });
  });

  it("takes the same request when nothing is wrong with it", async () => {
    expect(await signedCall(eu, put("good"))).toMatchObject({ status: 200 });
    expect(await read("good")).toMatchObject({ status: 200, body: "AAAA" });
  });

  it("says in every answer that it is not AWS", async () => {
    const answer = await plainCall(aws.endpoints["eu-west-1"], "GET", "/");

    expect(answer.headers["server"]).toBe("homeport-local-aws (not AWS)");
  });
});

describe("local AWS, presigned URLs", () => {
  const presign = async (method: string, key: string, datetime?: string): Promise<string> => {
    const { accessKeyId, secretAccessKey, endpoint, region } = eu;
    const signer = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3" });
    const signed = await signer.sign(`${endpoint}/${HOME_BUCKET}/${key}?X-Amz-Expires=60`, {
      method,
      aws: { signQuery: true, ...(datetime === undefined ? {} : { datetime }) },
    });
    return signed.url;
  };

  beforeAll(async () => {
    await signedCall(eu, put("presigned", "present"));
  });

  it("serves a GET", async () => {
    const answer = await fetch(await presign("GET", "presigned"));

    expect(await answer.text()).toBe("present");
  });

  it("takes a PUT", async () => {
    await fetch(await presign("PUT", "presigned-put"), { method: "PUT", body: "new" });

    expect(await read("presigned-put")).toMatchObject({ body: "new" });
  });

  it("refuses one that has expired", async () => {
    const answer = await fetch(await presign("GET", "presigned", "20260101T000000Z"));

    expect(answer.status).toBe(403);
  });

  it("refuses one for another key", async () => {
    const url = await presign("GET", "presigned");

    expect((await fetch(url.replace("/presigned?", "/kept?"))).status).toBe(403);
  });

  it("refuses one for another method", async () => {
    const answer = await fetch(await presign("GET", "presigned"), { method: "DELETE" });

    expect(answer.status).toBe(403);
    expect(await read("presigned")).toMatchObject({ status: 200 });
  });
});

describe("local AWS, regions", () => {
  const pairs = LOCATIONS.flatMap((at) =>
    LOCATIONS.filter((other) => other !== at).map((other) => [at, other] as const),
  );

  it.each(LOCATIONS.map((location) => [location]))("serves its own scope at %s", async (at) => {
    const call = { method: "PUT", path: `/${homeBucketName(at)}/scope`, body: "x" };

    expect(await signedCall(client(at), call)).toMatchObject({ status: 200 });
  });

  it.each(pairs)("refuses at %s what is signed for %s", async (at, other) => {
    const call = { ...put("x"), path: `/${homeBucketName(at)}/attack`, region: other };

    expect(await signedCall(client(at), call)).toMatchObject({
      status: 400,
      code: "AuthorizationHeaderMalformed",
    });
  });

  it.each(pairs)("points away from %s for the bucket of %s", async (at, other) => {
    const call = { method: "GET", path: `/${homeBucketName(other)}/x` };

    const answer = await signedCall(client(at), call);

    expect(answer).toMatchObject({ status: 301, code: "PermanentRedirect" });
    expect(answer.headers["x-amz-bucket-region"]).toBe(other);
  });

  it("does not know the key of the other home", async () => {
    const call = { method: "GET", path: "/homeport-us-west-2/x", ...aws.credentials.eu };

    expect(await signedCall(client("us-west-2"), call)).toMatchObject({
      status: 403,
      code: "InvalidAccessKeyId",
    });
  });

  it("says where a bucket is", async () => {
    const call = { method: "GET", path: `/${HOME_BUCKET}`, query: { location: "" } };

    expect((await signedCall(eu, call)).body).toContain(">eu-west-1</LocationConstraint>");
  });
});
