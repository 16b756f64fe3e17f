import { parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";

import { rowsWithout } from "../../../../src/deliver/lake/erase-rows.ts";
import { writeParquet } from "../../../../src/deliver/lake/parquet.ts";

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** Users that are left in a file of these after the deletion of `id`. */
async function leftOf(users: readonly string[], id: string): Promise<readonly unknown[]> {
  const file = await writeParquet([{ name: "user_id", type: "STRING", data: [...users] }]);
  const subjects = { type: "USER_ID", ids: new Set([id]) } as const;
  const rewritten = await rowsWithout(subjects, streamOf(file));
  const left = rewritten === undefined ? file : rewritten.body;
  const bytes = await new Response(streamOf(left)).arrayBuffer();
  return (await parquetReadObjects({ file: bytes })).map((row) => row["user_id"]);
}

describe("rowsWithout()", () => {
  it("removes a user whose id was a number that JavaScript rounds", async () => {
    expect(await leftOf(["12345678901234567000", "b"], "12345678901234567001")).toEqual(["b"]);
  });

  it.each(["7f3a", "2026-11-22", "1.2.3", "0x"])(
    "takes an id for no number because it begins with a digit: %s",
    async (id) => {
      expect(await leftOf([id, "NaN"], id)).toEqual(["NaN"]);
    },
  );
});
