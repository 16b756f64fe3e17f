import { gzipSync } from "node:zlib";
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homeUserArn } from "../../scripts/local-aws/options.ts";
import { startLocalAws, type LocalAws } from "../../scripts/local-aws/start.ts";
import { signedCall, type RawCall, type RawS3 } from "../support/raw-s3.ts";
import { readBucket, s3Client } from "../support/read-bucket.ts";

const ROLE = "arn:aws:iam::111111111111:role/archive-writer";
const OPEN_ROLE = "arn:aws:iam::111111111111:role/without-external-id";
const STRANGERS_ROLE = "arn:aws:iam::111111111111:role/of-somebody-else";
const KMS_KEY = "arn:aws:kms:eu-west-1:111111111111:key/archive";
const HOME_BUCKET = "homeport-eu-west-1";

let aws: LocalAws;
let eu: RawS3;

beforeAll(async () => {
  const actions = ["s3:PutObject", "s3:GetObject"];
  const allow = [{ actions, bucket: "customer-eu", prefix: "events/" }];
  aws = await startLocalAws({
    buckets: [
      { name: "customer-eu", location: "eu-west-1" },
      { name: "encrypted-eu", location: "eu-west-1", kmsKeyId: KMS_KEY },
    ],
    users: [
      {
        arn: "arn:aws:iam::111111111111:user/owner",
        accessKeyId: "AKIAOWNEROFBUCKETS01",
        secretAccessKey: "owner-secret-owner-secret-owner-secret-1",
        locations: ["eu-west-1"],
        allow: ["customer-eu", "encrypted-eu"].map((bucket) => ({ actions: ["s3:*"], bucket })),
      },
    ],
    roles: [
      { arn: ROLE, trust: [homeUserArn("eu")], externalId: "ws_eu_customer", allow },
      { arn: OPEN_ROLE, trust: [homeUserArn("eu")], allow },
      { arn: STRANGERS_ROLE, trust: ["arn:aws:iam::222222222222:user/other"], allow },
    ],
  });
  eu = {
    endpoint: aws.endpoints["eu-west-1"],
    region: "eu-west-1",
    ...aws.credentials.eu,
  };
});

afterAll(async () => {
  await aws.stop();
});

function owner(): RawS3 {
  const accessKeyId = "AKIAOWNEROFBUCKETS01";
  return { ...eu, accessKeyId, secretAccessKey: "owner-secret-owner-secret-owner-secret-1" };
}

function put(key: string, body = "AAAA"): RawCall {
  return { method: "PUT", path: `/${HOME_BUCKET}/${key}`, body };
}

function read(key: string): Promise<{ readonly status: number }> {
  return signedCall(eu, { method: "GET", path: `/${HOME_BUCKET}/${key}` });
}

describe("local AWS, objects", () => {
  it("gives back bytes, metadata and a difficult key through AWS's own client", async () => {
    const s3 = s3Client({ ...eu, location: "eu-west-1", credentials: eu });
    const object = { Bucket: HOME_BUCKET, Key: "a/b c+d=é.gz" };
    await s3.send(new PutObjectCommand({ ...object, Body: "bytes", Metadata: { k: "v" } }));

    const answer = await s3.send(new GetObjectCommand(object));

    expect(answer.Metadata).toEqual({ k: "v" });
    expect(await answer.Body?.transformToString()).toBe("bytes");
  });

  it("gives back the very bytes of an object that says it is gzip", async () => {
    const s3 = s3Client({ ...eu, location: "eu-west-1", credentials: eu });
    const object = { Bucket: HOME_BUCKET, Key: "encoded.gz" };
    const gzip = new Uint8Array(gzipSync("one line\n"));
    await s3.send(new PutObjectCommand({ ...object, Body: gzip, ContentEncoding: "gzip" }));

    const answer = await s3.send(new GetObjectCommand(object));

    expect(await answer.Body?.transformToByteArray()).toEqual(gzip);
  });

  it("says what it is asked to say of an object's encoding", async () => {
    const s3 = s3Client({ ...eu, location: "eu-west-1", credentials: eu });
    const object = { Bucket: HOME_BUCKET, Key: "encoded.gz" };
    const gzip = new Uint8Array(gzipSync("one line\n"));
    await s3.send(new PutObjectCommand({ ...object, Body: gzip, ContentEncoding: "gzip" }));

    const answer = await s3.send(
      new GetObjectCommand({ ...object, ResponseContentEncoding: "identity" }),
    );

    expect(answer.ContentEncoding).toBe("identity");
    expect(await answer.Body?.transformToByteArray()).toEqual(gzip);
  });

  it("lists what lies under a prefix", async () => {
    for (const name of ["list/1", "list/2", "elsewhere"]) await signedCall(eu, put(name));

    const access = { endpoint: eu.endpoint, location: "eu-west-1", credentials: eu };
    const files = await readBucket(access, HOME_BUCKET, "list/");

    expect(files.map(({ key }) => key)).toEqual(["list/1", "list/2"]);
  });

  it("lets exactly one of eight writers create an object", async () => {
    const writers = Array.from({ length: 8 }, (_, n) =>
      signedCall(eu, { ...put("race", `writer ${n}`), headers: { "if-none-match": "*" } }),
    );

    const answers = await Promise.all(writers);

    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(7);
  });

  it("replaces an object only when If-Match names what is there", async () => {
    const first = await signedCall(eu, put("match", "1"));
    const etag = first.headers["etag"] ?? "";

    const right = await signedCall(eu, { ...put("match", "2"), headers: { "if-match": etag } });
    const stale = await signedCall(eu, { ...put("match", "3"), headers: { "if-match": etag } });

    expect([right.status, stale.status]).toEqual([200, 412]);
    expect(await read("match")).toMatchObject({ body: "2" });
  });

  it("reports the KMS key of an object to later readers", async () => {
    const s3 = s3Client({ ...eu, location: "eu-west-1", credentials: owner() });
    const object = { Bucket: "encrypted-eu", Key: "kms" };
    const encryption = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: KMS_KEY } as const;
    await s3.send(new PutObjectCommand({ ...object, Body: "x", ...encryption }));

    expect(await s3.send(new HeadObjectCommand(object))).toMatchObject({
      ...encryption,
      Metadata: {},
    });
  });

  it.each([
    ["no key", {}],
    ["AES256", { "x-amz-server-side-encryption": "AES256" }],
    [
      "another key",
      {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "other",
      },
    ],
  ])("refuses a PUT with %s into a bucket with a KMS rule", async (_name, headers) => {
    const call = { method: "PUT", path: "/encrypted-eu/attack", body: "x", headers };

    expect(await signedCall(owner(), call)).toMatchObject({ status: 403 });
  });
});

describe("local AWS, AssumeRole", () => {
  const assume = (parameters: Readonly<Record<string, string>>, as: RawS3 = eu) =>
    signedCall(as, {
      method: "POST",
      path: "/",
      service: "sts",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        Action: "AssumeRole",
        Version: "2011-06-15",
        RoleSessionName: "homeport",
        ...parameters,
      }).toString(),
    });
  const session = async (): Promise<{ readonly raw: RawS3; readonly token: string }> => {
    const { body } = await assume({ RoleArn: ROLE, ExternalId: "ws_eu_customer" });
    const part = (name: string): string => new RegExp(`<${name}>([^<]+)`).exec(body)?.[1] ?? "";
    const raw = {
      ...eu,
      accessKeyId: part("AccessKeyId"),
      secretAccessKey: part("SecretAccessKey"),
    };
    return { raw, token: part("SessionToken") };
  };
  const write = async (path: string, token?: string) => {
    const opened = await session();
    const headers = { "x-amz-security-token": token ?? opened.token };
    return signedCall(opened.raw, { method: "PUT", path, body: "x", headers });
  };

  it("hands out keys that write under the role's prefix", async () => {
    expect(await write("/customer-eu/events/1")).toMatchObject({ status: 200 });
  });

  it("hands out keys that write nowhere else", async () => {
    expect(await write("/customer-eu/other/1")).toMatchObject({ status: 403 });
  });

  it("hands out keys that may not delete", async () => {
    const { raw, token } = await session();
    const headers = { "x-amz-security-token": token };
    const call = { method: "DELETE", path: "/customer-eu/events/1", headers };

    expect(await signedCall(raw, call)).toMatchObject({ status: 403 });
  });

  it("refuses a session without its token", async () => {
    const { raw } = await session();

    const answer = await signedCall(raw, put("x"));

    expect(answer).toMatchObject({ status: 400, code: "InvalidToken" });
  });

  it("refuses a session with another token", async () => {
    expect(await write("/customer-eu/events/1", "AAAA")).toMatchObject({ code: "InvalidToken" });
  });

  it.each([
    ["no ExternalId where one is asked for", { RoleArn: ROLE }],
    ["a wrong ExternalId", { RoleArn: ROLE, ExternalId: "ws_eu_other" }],
    ["a role that trusts somebody else", { RoleArn: STRANGERS_ROLE }],
    ["a role nobody made", { RoleArn: `${ROLE}-x` }],
  ])("refuses %s", async (_name, parameters) => {
    expect(await assume(parameters)).toMatchObject({ status: 403, code: "AccessDenied" });
  });

  it("gives a role that asks for no ExternalId without one", async () => {
    expect(await assume({ RoleArn: OPEN_ROLE })).toMatchObject({ status: 200 });
  });

  it("refuses a caller with a wrong secret", async () => {
    const forged = { ...eu, secretAccessKey: "x".repeat(40) };

    expect(await assume({ RoleArn: OPEN_ROLE }, forged)).toMatchObject({ status: 403 });
  });

  it("does not let the platform's user into the customer's bucket without the role", async () => {
    const call = { method: "PUT", path: "/customer-eu/events/1", body: "x" };

    expect(await signedCall(eu, call)).toMatchObject({ status: 403, code: "AccessDenied" });
  });
});
