import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startLocalAws, type LocalAws } from "../../scripts/local-aws/start.ts";
import { signedCall, type RawCall, type RawS3 } from "../support/raw-s3.ts";

const HOME_BUCKET = "homeport-eu-west-1";

let aws: LocalAws;
let eu: RawS3;

beforeAll(async () => {
  aws = await startLocalAws();
  eu = { endpoint: aws.endpoints["eu-west-1"], region: "eu-west-1", ...aws.credentials.eu };
});

afterAll(async () => {
  await aws.stop();
});

afterEach(async () => {
  await aws.clearFaults();
});

function put(key: string, body = "AAAA"): RawCall {
  return { method: "PUT", path: `/${HOME_BUCKET}/${key}`, body };
}

function read(key: string): Promise<{ readonly status: number }> {
  return signedCall(eu, { method: "GET", path: `/${HOME_BUCKET}/${key}` });
}

describe("local AWS, faults", () => {
  it("answers what it is told, as often as it is told, and stores nothing", async () => {
    const effect = { kind: "answer", status: 503, code: "SlowDown" } as const;
    await aws.fault({ operation: "PutObject", when: "before", effect, times: 1 });

    const first = await signedCall(eu, put("slow"));
    const missing = await read("slow");
    const second = await signedCall(eu, put("slow"));

    expect(first).toMatchObject({ status: 503, code: "SlowDown" });
    expect(missing).toMatchObject({ status: 404 });
    expect(second).toMatchObject({ status: 200 });
  });

  it("lets a write land and drops the answer", async () => {
    await aws.fault({ operation: "PutObject", when: "after", effect: { kind: "drop" } });

    await expect(signedCall(eu, put("landed", "there"))).rejects.toThrow();

    expect(await read("landed")).toMatchObject({ status: 200, body: "there" });
  });

  it("drops the connection before the store sees the write", async () => {
    await aws.fault({ operation: "PutObject", when: "before", effect: { kind: "drop" } });

    await expect(signedCall(eu, put("never"))).rejects.toThrow();

    expect(await read("never")).toMatchObject({ status: 404 });
  });

  it("holds an answer back after the write has landed", async () => {
    const effect = { kind: "delay", ms: 60_000 } as const;
    await aws.fault({ operation: "PutObject", when: "after", effect, times: 1 });

    const held = signedCall(eu, put("held", "there")).then(() => "answered");
    held.catch(() => {});

    await expect.poll(() => read("held"), { timeout: 20_000 }).toMatchObject({ status: 200 });
    expect(await Promise.race([held, Promise.resolve("waiting")])).toBe("waiting");
  });

  it("hits only the location it is set for", async () => {
    const effect = { kind: "answer", status: 500, code: "InternalError" } as const;
    await aws.fault({ location: "eu-central-1", when: "before", effect });

    expect(await signedCall(eu, put("spared"))).toMatchObject({ status: 200 });
  });

  it("logs requests with what landed, and without what they carried", async () => {
    const effect = { kind: "answer", status: 500, code: "InternalError" } as const;
    await aws.fault({ operation: "PutObject", when: "after", effect, times: 1 });
    const before = (await aws.requests()).at(-1)?.number ?? 0;
    await signedCall(eu, put("logged", "12345"));

    const entries = await aws.requests(before);

    expect(entries).toEqual([
      {
        number: before + 1,
        location: "eu-west-1",
        method: "PUT",
        operation: "PutObject",
        bucket: HOME_BUCKET,
        key: "logged",
        accessKeyId: eu.accessKeyId,
        status: 500,
        code: "InternalError",
        requestBytes: 5,
        responseBytes: expect.any(Number),
        landed: true,
      },
    ]);
  });
});
