import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ArchiveMonth } from "../../durable-objects/archive-month.ts";
import { Archive } from "../../durable-objects/archive.ts";
import { reach, type Env } from "../../durable-objects/reach.ts";
import type { SourceId, WorkspaceId } from "../../src/core/ids.ts";
import { archiveStub } from "./support/archive.ts";

const EU: SourceId = "src_eu_0123456789abcdefghjkmnpqrs";
const US: SourceId = "src_us_0123456789abcdefghjkmnpqrs";
const EU_WORKSPACE: WorkspaceId = "ws_eu_0123456789abcdef";

/** A binding that records how it is asked for objects, instead of having any. */
function fakeNamespace(binding: string, asked: string[]): DurableObjectNamespace {
  const within = (place: string) => ({
    getByName: (name: string, options?: { locationHint?: string }) => {
      asked.push(`${binding} ${options?.locationHint ?? place} ${name}`);
    },
  });
  const namespace = { ...within("anywhere"), jurisdiction: within };
  return namespace as unknown as DurableObjectNamespace;
}

function enforced(asked: string[]) {
  const bindings: Env = {
    WORKSPACE: fakeNamespace("WORKSPACE", asked),
    INGEST_QUEUE: fakeNamespace("INGEST_QUEUE", asked),
    ARCHIVE: fakeNamespace("ARCHIVE", asked),
    ARCHIVE_MONTH: fakeNamespace("ARCHIVE_MONTH", asked),
    REGION_DIRECTORY: fakeNamespace("REGION_DIRECTORY", asked),
    DELIVERY_LANE: fakeNamespace("DELIVERY_LANE", asked),
    REPLAY: fakeNamespace("DELIVERY_LANE", asked),
    SYNC: fakeNamespace("DELIVERY_LANE", asked),
  };
  return reach(bindings, { jurisdictions: "enforced" });
}

describe("reach(), enforced", () => {
  it("asks for every object in the jurisdiction that its name says", () => {
    const asked: string[] = [];
    const ways = enforced(asked);
    ways.workspace(EU_WORKSPACE);
    ways.archive(EU);
    ways.archive(US);
    ways.archiveMonth(EU, "2026-11");
    ways.queue(US, { ingestRegion: "eu1", shard: 3 });
    ways.directory("us");

    expect(asked).toEqual([
      `WORKSPACE eu workspace:${EU_WORKSPACE}`,
      `ARCHIVE eu archive:${EU}`,
      `ARCHIVE us archive:${US}`,
      `ARCHIVE_MONTH eu archive-month:${EU}:2026-11`,
      `INGEST_QUEUE eu queue:${US}:eu1:3`,
      "REGION_DIRECTORY us directory:us",
    ]);
  });

  it("gives a queue without a jurisdiction of its own a hint, and no other object", () => {
    const asked: string[] = [];
    enforced(asked).queue(US, { ingestRegion: "ap1", shard: 0 });

    expect(asked).toEqual([`INGEST_QUEUE apac queue:${US}:ap1:0`]);
  });
});

describe("an object of the archive", () => {
  const production = {
    ...env,
    ENVIRONMENT: "production",
    JURISDICTIONS: "enforced",
    OPERATOR_TOKEN: "0123456789abcdef0123456789abcdef",
  };

  it.each([
    ["in no jurisdiction where they are enforced", Archive, production],
    ["under the name of another class", ArchiveMonth, env],
  ])("refuses to serve %s, and leaves storage alone", async (_what, Class, vars) => {
    const { message, tables } = await runInDurableObject(archiveStub(), async (_object, state) => {
      await state.storage.deleteAll();
      return { message: messageOf(() => new Class(state, vars)), tables: tablesOf(state.storage) };
    });

    expect([message.split(":")[0], tables]).toEqual(["outside_jurisdiction", 0]);
  });

  it("serves where its name says", async () => {
    const message = await runInDurableObject(archiveStub(), (_object, state) =>
      messageOf(() => new Archive(state, env)),
    );

    expect(message).toBe("no error");
  });
});

function messageOf(call: () => unknown): string {
  try {
    call();
    return "no error";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function tablesOf({ sql }: DurableObjectStorage): number {
  return sql
    .exec<{ n: number }>("SELECT count(*) AS n FROM sqlite_master WHERE name NOT GLOB '_cf_*'")
    .one().n;
}
