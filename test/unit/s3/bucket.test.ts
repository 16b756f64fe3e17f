import { gzipSync } from "node:zlib";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EgressContext } from "../../../src/egress/guard.ts";
import { bucketRules } from "../../../src/egress/region-hosts.ts";
import { Bucket, type BucketAddress } from "../../../src/s3/bucket.ts";

/** The R2 simulator's S3 API: it checks signatures as the real one does. */
const KEYS = { accessKeyId: "AKIATEST000000000001", secretAccessKey: "secret".repeat(7) };
const TEXT = { contentType: "text/plain" };
let miniflare: Miniflare;
let address: BucketAddress;

beforeAll(async () => {
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      modules: true,
      script: "export default { fetch: () => new Response() }",
      compatibilityDate: "2026-10-01",
      r2Buckets: { ARCHIVE: { id: "archive", s3Credentials: KEYS } },
    }),
  );
  const url = new URL("/cdn-cgi/local/r2/s3/archive", await miniflare.ready).toString();
  address = { url, location: "auto", ...KEYS };
}, 30_000);

afterAll(async () => {
  await miniflare.dispose();
});

function contextFor(url: string): EgressContext {
  return {
    region: "eu",
    purpose: "archive",
    rules: bucketRules("eu", url, true),
    development: true,
  };
}
const bucket = () => new Bucket(address, contextFor(address.url));
const bytes = (text: string) => new TextEncoder().encode(text);

describe("Bucket", () => {
  it("writes an object that is read back with its metadata", async () => {
    const gzip = new Uint8Array(gzipSync("line\n"));
    await bucket().putNew("read/back.gz", gzip, {
      ...TEXT,
      contentEncoding: "gzip",
      meta: { "ndjson-sha256": "ab12" },
    });

    const head = await bucket().head("read/back.gz");

    expect(head.ok && [head.value.size, head.value.meta.get("ndjson-sha256")]).toEqual([
      gzip.byteLength,
      "ab12",
    ]);
  });

  it("hands over an object's bytes", async () => {
    await bucket().putNew("get/a", bytes("line\n"), TEXT);

    const object = await bucket().get("get/a");

    expect(object.ok && (await new Response(object.value.body).text())).toBe("line\n");
  });

  it("never overwrites an object", async () => {
    await bucket().putNew("once", bytes("first"), TEXT);

    const second = await bucket().putNew("once", bytes("second"), TEXT);

    expect(second).toEqual({ ok: false, error: { kind: "already-exists" } });
  });

  it("removes many objects with one request that the simulator understands", async () => {
    const keys = ["many/a&b.gz", "many/<c>.gz", "many/d e.gz"];
    for (const key of keys) await bucket().putNew(key, bytes("x"), TEXT);

    const removed = await bucket().removeMany(keys);

    const left = await bucket().list("many/", { max: 10 });
    expect([removed.ok, left.ok && left.value.entries]).toEqual([true, []]);
  });

  it.each(["a b+c=d/e", "dt=2026-11-22/ü€𝄞'()*!~.gz", "a//b", "%2F%25", '&<>"?#'])(
    "writes, lists and reads the key %j",
    async (key) => {
      await bucket().putNew(`odd/${key}`, bytes("x"), TEXT);

      const [head, list] = await Promise.all([
        bucket().head(`odd/${key}`),
        bucket().list("odd/", { max: 100 }),
      ]);

      expect([head.ok, list.ok && list.value.entries.map((entry) => entry.key)]).toEqual([
        true,
        expect.arrayContaining([`odd/${key}`]),
      ]);
    },
  );

  it("lists all objects once over pages, continuing after a key", async () => {
    const keys = ["p/1", "p/2", "p/3", "p/4", "p/5"];
    for (const key of keys) await bucket().putNew(key, bytes("x"), TEXT);

    const first = await bucket().list("p/", { max: 2 });
    const next = first.ok ? first.value.next : undefined;
    const rest = await bucket().list("p/", {
      max: 100,
      ...(next === undefined ? {} : { after: next }),
    });

    expect(
      [first, rest].map((page) => page.ok && page.value.entries.map(({ key }) => key)),
    ).toEqual([keys.slice(0, 2), keys.slice(2)]);
  });

  it("says that the last page is the last", async () => {
    await bucket().putNew("last/1", bytes("x"), TEXT);

    const page = await bucket().list("last/", { max: 1000 });

    expect(page.ok && page.value.next).toBeUndefined();
  });

  it("removes an object, and again without complaint", async () => {
    await bucket().putNew("gone", bytes("x"), TEXT);
    await bucket().remove("gone");

    const again = await bucket().remove("gone");

    expect([again.ok, await bucket().get("gone")]).toEqual([
      true,
      { ok: false, error: { kind: "not-found" } },
    ]);
  });

  it("says not-found of a head on nothing", async () => {
    expect(await bucket().head("nothing")).toEqual({ ok: false, error: { kind: "not-found" } });
  });

  it("is refused with S3's own code when the secret is wrong", async () => {
    const wrong = new Bucket({ ...address, secretAccessKey: "wrong" }, contextFor(address.url));

    expect(await wrong.putNew("wrong", bytes("x"), TEXT)).toEqual({
      ok: false,
      error: { kind: "refused", status: 403, code: "SignatureDoesNotMatch" },
    });
  });

  it("sends nothing when the guard does not allow its host", async () => {
    const outside = new Bucket(address, { ...contextFor(address.url), rules: [] });

    expect(await outside.head("read/back.gz")).toEqual({
      ok: false,
      error: { kind: "refused", status: undefined, code: "egress-host-not-allowed" },
    });
  });
});

describe("Bucket.get() of an object as it is stored", () => {
  it("hands over the bytes of the gzip, of a bucket that says what it is asked to say", async () => {
    const gzip = gzipSync("line\n");
    const { url, close } = await serve((request, response) => {
      const said = new URL(request.url ?? "", "http://bucket").searchParams;
      const encoding = said.get("response-content-encoding") ?? "gzip";
      response.writeHead(200, { "content-encoding": encoding }).end(gzip);
    });

    const object = await new Bucket({ ...address, url }, contextFor(url)).get("a", {
      isAsStored: true,
    });
    const body = object.ok ? await new Response(object.value.body).arrayBuffer() : undefined;
    close();

    expect(body && Buffer.from(body)).toEqual(gzip);
  });
});

describe("Bucket, when the other side fails", () => {
  const answers: readonly [number, string, unknown][] = [
    [409, "ConditionalRequestConflict", { kind: "conflict" }],
    [412, "PreconditionFailed", { kind: "already-exists" }],
    [403, "AccessDenied", { kind: "refused", status: 403, code: "AccessDenied" }],
    [404, "NoSuchBucket", { kind: "refused", status: 404, code: "NoSuchBucket" }],
    [400, "RequestTimeout", { kind: "unavailable", status: 400, code: "RequestTimeout" }],
    [503, "SlowDown", { kind: "unavailable", status: 503, code: "SlowDown" }],
    [503, "jane@example.com", { kind: "unavailable", status: 503, code: "http-503" }],
    [503, "A".repeat(65), { kind: "unavailable", status: 503, code: "http-503" }],
    [429, "", { kind: "unavailable", status: 429, code: "http-429" }],
    [504, "", { kind: "unknown", code: "http-504" }],
    [307, "", { kind: "refused", status: undefined, code: "egress-redirected" }],
  ];

  it.each(answers)("takes %i %s of a put for %o", async (status, code, failure) => {
    const answer = await putAgainst((respond) =>
      respond(status, `<Error><Code>${code}</Code></Error>`),
    );

    expect(answer).toEqual({ ok: false, error: failure });
  });

  it("says that a put without an answer may land later", async () => {
    const answer = await putAgainst((_respond, hangUp) => hangUp());

    expect(answer).toEqual({ ok: false, error: { kind: "unknown", code: "network" } });
  });

  it("makes a single attempt", async () => {
    let attempts = 0;
    await putAgainst((respond) => {
      attempts++;
      respond(503, "");
    });

    expect(attempts).toBe(1);
  });
});

type Answer = (respond: (status: number, body: string) => void, hangUp: () => void) => void;

async function putAgainst(answer: Answer) {
  const { url, close } = await serve((request, response) => {
    request.resume();
    request.on("end", () =>
      answer(
        (status, body) => response.writeHead(status, { location: "/other" }).end(body),
        () => request.socket.destroy(),
      ),
    );
  });
  const failing = new Bucket({ ...address, url }, contextFor(url));
  const result = await failing.putNew("a", bytes("x"), TEXT);
  close();
  return result;
}

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
