import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type {
  Deliverer,
  Delivery,
  ErasedFiles,
  ForgottenUsers,
} from "../../../src/deliver/deliverer.ts";
import { startLake, type Lake } from "../../support/deliver/lake.ts";
import { deliveryOf, mixedDeliveries } from "../../support/deliver/mixed-events.ts";

const NEVER = new AbortController().signal;

let lake: Lake;

beforeAll(async () => {
  lake = await startLake();
});

afterAll(() => lake.stop());

async function erase(files: Deliverer, users: ForgottenUsers): Promise<ErasedFiles | undefined> {
  const isOver = (): boolean => false;
  return files.erase?.(users, { position: undefined, isOver, now: () => Date.now(), lateMs: 0 });
}

describe("erase() of Parquet files", () => {
  it("leaves no row of the users, and every other row as it was, as duckdb reads them", async () => {
    const { sourceId, files } = await lake.make();
    const events = mixedDeliveries(0, 3_000);
    await files.deliver(events, NEVER);
    await lake.download(sourceId);
    const users = [...new Set(events.map(({ event }) => event["userId"]))].filter(Boolean);
    const gone = users.slice(0, 3).map(String);
    const list = gone.map((id) => `'${id}'`).join(", ");
    const kept = `SELECT * FROM ${lake.tableOf(sourceId, "order_completed")}
      WHERE user_id IS NULL OR user_id NOT IN (${list}) ORDER BY received_at`;
    const before = await lake.query(kept);
    const types = await lake.query(`DESCRIBE ${kept}`);

    const answer = await erase(files, { type: "USER_ID", ids: new Set(gone) });

    await lake.download(sourceId);
    const all = join(lake.folder, "segment-data/data", sourceId, "**/*.parquet");
    const left = await lake.query(
      `SELECT count(*) AS n FROM read_parquet('${all}', union_by_name = true)
       WHERE user_id IN (${list}) OR previous_id IN (${list})`,
    );
    expect(answer).toMatchObject({ kind: "slice", isOver: true });
    expect(left).toEqual([{ n: "0" }]);
    expect(await lake.query(kept)).toEqual(before);
    expect(await lake.query(`DESCRIBE ${kept}`)).toEqual(types);
    expect(before.length).toBeGreaterThan(100);
  });

  it("finds an anonymousId, a previousId and a number, and no id that only contains it", async () => {
    const { sourceId, files } = await lake.make();
    const rows = [
      { type: "alias", userId: "new", previousId: "7" },
      { type: "page", userId: 7 },
      { type: "page", userId: "77" },
      { type: "page", anonymousId: "7" },
    ];
    const at = { receivedAt: "2026-03-01T10:00:00.000Z" };
    await files.deliver(
      rows.map((row, i) => deliveryOf({ ...row, ...at, messageId: `m${i}` })),
      NEVER,
    );

    await erase(files, { type: "USER_ID", ids: new Set(["7"]) });

    await lake.download(sourceId);
    const all = join(lake.folder, "segment-data/data", sourceId, "**/*.parquet");
    expect(
      await lake.query(`SELECT id FROM read_parquet('${all}', union_by_name = true) ORDER BY id`),
    ).toEqual([{ id: "m2" }, { id: "m3" }]);
  });

  it("leaves a file without rows where all of them were the user's", async () => {
    const { sourceId, files } = await lake.make();
    const event = { type: "page", userId: "u1", messageId: "m", url: 1 };
    await files.deliver([deliveryOf({ ...event, receivedAt: "2026-03-01T10:00:00Z" })], NEVER);
    const before = await lake.download(sourceId);

    await erase(files, { type: "USER_ID", ids: new Set(["u1"]) });

    expect(await lake.download(sourceId)).toEqual(before);
    expect(
      await lake.query(`SELECT count(*) AS n FROM ${lake.tableOf(sourceId, "pages")}`),
    ).toEqual([{ n: "0" }]);
  });

  it("leaves no byte of an id that occurs nowhere else", async () => {
    const { sourceId, files } = await lake.make();
    const id = "occurs-nowhere-else-5f1c";
    const of = (userId: string, i: number): Delivery =>
      deliveryOf({ type: "page", userId, messageId: `m${i}`, receivedAt: "2026-03-01T10:00:00Z" });
    await files.deliver([of(id, 1), of("other", 2)], NEVER);

    await erase(files, { type: "USER_ID", ids: new Set([id]) });

    const keys = await lake.download(sourceId);
    const contents = await Promise.all(
      keys.map((key) => readFile(join(lake.folder, `segment-data/data/${sourceId}/${key}`))),
    );
    expect(contents.filter((content) => content.includes(id))).toEqual([]);
  });
});
