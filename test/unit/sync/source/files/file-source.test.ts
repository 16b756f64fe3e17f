import { gzipSync } from "node:zlib";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { RowHasher } from "../../../../../src/sync/engine/row-hash.ts";
import { bucketOf, openFolder, rowsOf, SEEDS } from "../../../../support/sync/folder-source.ts";
import { openFileSource } from "../../../../../src/sync/source/files/file-source.ts";
import { listFolders } from "../../../../../src/sync/source/files/folders.ts";
import { MemoryBucket } from "../../../../support/sync/memory-bucket.ts";

let bucket: MemoryBucket;

beforeAll(async () => {
  bucket = await MemoryBucket.start();
});
afterEach(() => bucket.clear());
afterAll(() => bucket.stop());

const PEOPLE = 'id,name\r\n1,"Ada ""A"" Lovelace"\r\n2,#N/A\r\n3,\r\n';

describe("a folder of CSV", () => {
  it("is read with quotes, NULLs and empty texts", async () => {
    bucket.put("data/people.csv", PEOPLE);

    const source = await openFolder(bucket, "csv");

    expect(source.columns.map(({ name }) => name)).toEqual(["id", "name"]);
    expect((await rowsOf(source, ["id", "name"])).rows).toEqual([
      ["1", 'Ada "A" Lovelace'],
      ["2", null],
      ["3", ""],
    ]);
  });

  it("is read gzipped, also in several members", async () => {
    const parts = [PEOPLE.slice(0, 20), PEOPLE.slice(20)].map((part) => gzipSync(part));
    bucket.put("data/people.csv.gz", Buffer.concat(parts));

    expect((await rowsOf(await openFolder(bucket, "csv"), ["name", "id"], ["id"])).rows).toEqual([
      ['Ada "A" Lovelace', "1"],
      [null, "2"],
      ["", "3"],
    ]);
  });

  it("is its newest file, or all of them by name", async () => {
    bucket.put("data/b.csv", "id\n1\n");
    bucket.put("data/a.csv", "id\n2\n");
    bucket.put("data/old/c.csv", "id\n3\n");

    expect((await rowsOf(await openFolder(bucket, "csv"), ["id"])).rows).toEqual([["2"]]);
    expect((await rowsOf(await openFolder(bucket, "csv", "all"), ["id"])).rows).toEqual([
      ["2"],
      ["1"],
    ]);
  });

  it("is found without a walk through the folders in it", async () => {
    for (let day = 0; day < 3; day += 1) {
      for (let n = 0; n < 1_500; n += 1) bucket.put(`data/day${day}/${n}.csv`, "id\n1\n");
    }
    bucket.put("data/people.csv", "id\n7\n");

    expect((await rowsOf(await openFolder(bucket, "csv"), ["id"])).rows).toEqual([["7"]]);
    // One page ends in each of the folders, and the last one comes behind them.
    expect(bucket.lists).toBeLessThanOrEqual(4);
  });

  it("is not listed any more for somebody who left", async () => {
    bucket.put("data/people.csv", PEOPLE);
    const model = { kind: "folder", prefix: "data/", format: "csv", files: "all" } as const;
    const opening = openFileSource(bucketOf(bucket), model, SEEDS, AbortSignal.abort());

    await expect(opening).rejects.toMatchObject({ code: "aborted" });
    expect(bucket.lists).toBe(0);
  });

  it("shows no more rows than can be held beside much else", async () => {
    bucket.put("data/wide.csv", `id,text\n${`1,${"x".repeat(1_000_000)}\n`.repeat(10)}`);
    const source = await openFolder(bucket, "csv");

    expect(await source.sample(100, AbortSignal.any([]))).toHaveLength(4);
  });

  it("sets rows without a key apart", async () => {
    bucket.put("data/people.csv", "id,name\n1,a\n#N/A,b\n");

    expect((await rowsOf(await openFolder(bucket, "csv"), ["id", "name"])).nullKeys).toEqual([
      [null, "b"],
    ]);
  });

  it("hashes rows as the contract says", async () => {
    bucket.put("data/people.csv", "id,name\n1,Ä\n");
    const source = await openFolder(bucket, "csv");
    const selection = { columns: ["id", "name"], key: ["id"] };

    const found = [];
    for await (const { rows } of source.read(selection, AbortSignal.any([]))) found.push(...rows);

    const hashes = new RowHasher(SEEDS, [0]).hash(["1", "Ä"]);
    expect(found).toEqual([{ ...hashes, row: ["1", "Ä"] }]);
  });

  it.each([
    ["a quote without an end", 'id\n"1'],
    ["text after a quote", 'id\n"1"2\n'],
    ["a row of another width", "id,name\n1\n"],
    ["two columns of one name", "id,id\n1,2\n"],
    ["no UTF-8", new Uint8Array([105, 100, 10, 0xff, 10])],
  ])("refuses %s", async (_, text) => {
    bucket.put("data/people.csv", text);
    const read = openFolder(bucket, "csv").then((source) => rowsOf(source, ["id"]));

    await expect(read).rejects.toMatchObject({ code: "bad_file", isPassing: false });
  });

  it("refuses a file with other columns than the first", async () => {
    bucket.put("data/a.csv", "id,name\n1,a\n");
    bucket.put("data/b.csv", "id,label\n1,a\n");
    const source = await openFolder(bucket, "csv", "all");

    await expect(rowsOf(source, ["id"])).rejects.toMatchObject({ code: "columns_differ" });
  });

  it("refuses a column that is not there before it reads a row", async () => {
    bucket.put("data/a.csv", "id\n1\n");
    const source = await openFolder(bucket, "csv");
    bucket.gets = 0;

    await expect(rowsOf(source, ["id", "gone"])).rejects.toThrow('no column "gone"');
    expect(bucket.gets).toBe(0);
  });

  it("notices a file that was written anew between two reads", async () => {
    bucket.put("data/a.csv", "id\n1\n");
    const source = await openFolder(bucket, "csv");
    await rowsOf(source, ["id"]);
    bucket.put("data/a.csv", "id\n2\n");

    await expect(rowsOf(source, ["id"])).rejects.toMatchObject({
      code: "changed_while_reading",
      isPassing: true,
    });
  });

  it("may be tried again when the bucket breaks off", async () => {
    bucket.put("data/a.csv", `id\n${"1\n".repeat(10_000)}`);
    const source = await openFolder(bucket, "csv");
    bucket.breaksAfter = 100;

    await expect(rowsOf(source, ["id"])).rejects.toMatchObject({
      code: "cut_off",
      isPassing: true,
    });
  });

  it("is not there without a file", async () => {
    bucket.put("data/a.txt", "id");

    await expect(openFolder(bucket, "csv")).rejects.toMatchObject({ code: "no_such_table" });
  });
});

describe("a folder of NDJSON", () => {
  it("keeps numbers as they are written and JSON without spaces", async () => {
    const line =
      ' { "n" : 1.50, "big":12345678901234567890, "o": {"a": [1, "x y"]}, "s":"a\\u00e9\\"" } ';
    bucket.put("data/a.ndjson", `${line}\n\n{"n":null,"s":true}`);

    const source = await openFolder(bucket, "ndjson");

    expect(source.columns).toEqual([
      { name: "n", type: "decimal" },
      { name: "big", type: "integer" },
      { name: "o", type: "json" },
      { name: "s", type: "text" },
    ]);
    expect((await rowsOf(source, ["n", "big", "o", "s"], ["s"])).rows).toEqual([
      ["1.50", "12345678901234567890", '{"a":[1,"x y"]}', 'aé"'],
      [null, null, null, "true"],
    ]);
  });

  it.each(["[1]", "{", "nonsense"])("refuses the line %s", async (line) => {
    bucket.put("data/a.ndjson", line);

    await expect(openFolder(bucket, "ndjson")).rejects.toMatchObject({ code: "bad_file" });
  });
});

describe("a folder of Parquet", () => {
  it("is refused before metadata are fetched that are too large", async () => {
    const file = new Uint8Array(17_000_100);
    const end = new DataView(file.buffer, file.length - 8);
    end.setUint32(0, 17_000_000, true);
    file.set(new TextEncoder().encode("PAR1"), file.length - 4);
    bucket.put("data/odd.parquet", file);

    await expect(openFolder(bucket, "parquet")).rejects.toThrow("its metadata are too large");
    expect(bucket.gets).toBe(1);
  });
});

describe("listFolders()", () => {
  it("says that a bucket is not there", async () => {
    const url = bucket.url.replace("/bucket", "/another");
    const listing = listFolders(bucketOf({ url }), AbortSignal.any([]));

    await expect(listing).rejects.toMatchObject({ code: "no_such_bucket", isPassing: false });
  });

  it("names folders by format with what they hold", async () => {
    bucket.put("a/1.csv", "id\n");
    bucket.put("a/2.csv.gz", "xx");
    bucket.put("a/b/3.parquet", "x");
    bucket.put("readme.txt", "x");

    expect(await listFolders(bucketOf(bucket), AbortSignal.any([]))).toMatchObject([
      { prefix: "a/", format: "csv", files: 2, bytes: 5 },
      { prefix: "a/b/", format: "parquet", files: 1, bytes: 1 },
    ]);
  });
});
