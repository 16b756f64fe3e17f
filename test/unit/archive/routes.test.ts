import { describe, expect, it } from "vitest";
import type { ArchiveFile } from "../../../src/archive/archive-file.ts";
import type { FilesQuery } from "../../../src/archive/catalogue.ts";
import { listFiles, rebuildStatus, startRebuild } from "../../../src/archive/routes.ts";
import type { SourceId } from "../../../src/core/ids.ts";
import { ok } from "../../../src/core/result.ts";
import type { ArchiveMonthPort, ArchivePort, Services } from "../../../src/services.ts";

const SOURCE_ID: SourceId = "src_eu_0123456789abcdefghjkmnpqrs";

function fileAt(time: string): ArchiveFile {
  return {
    sourceId: SOURCE_ID,
    key: `segment-logs/x/0/${time}.gz`,
    location: "eu-west-1",
    events: 1,
    rawBytes: 2,
    gzipBytes: 3,
    ndjsonSha256: "ab",
    firstReceivedAtMs: Date.parse(time),
    lastReceivedAtMs: Date.parse(time),
    writtenBy: "homeport",
  };
}

/** Months with their files; `asked` records which month was asked for what. */
function servicesWith(
  months: Readonly<Record<string, readonly ArchiveFile[]>>,
  asked: string[] = [],
): Services {
  const archive: Partial<ArchivePort> = {
    months: async () => Object.keys(months),
    startRebuild: async (start) => {
      asked.push(JSON.stringify(start));
      return ok({ ...PROGRESS });
    },
    rebuild: async () => undefined,
  };
  const month = (name: string): Partial<ArchiveMonthPort> => ({
    list: async ({ max, after }: FilesQuery) => {
      asked.push(name);
      const files = months[name] ?? [];
      const at = files.findIndex((file) => `${file.firstReceivedAtMs}:${file.key}` === after) + 1;
      return { files: files.slice(at, at + max), next: undefined };
    },
  });
  const services: Partial<Services> = {
    archive: () => archive as ArchivePort,
    archiveMonth: (_sourceId, name) => month(name) as ArchiveMonthPort,
    sourceConfig: async () => ({ kind: "unknown" }),
  };
  return services as Services;
}

const PROGRESS = {
  id: "job_x",
  state: "running",
  segmentSourceId: undefined,
  listed: 0,
  read: 0,
  bytes: 0,
  recorded: 0,
  skipped: 0,
  unreadable: 0,
  unreadableFiles: [],
  startedAtMs: 0,
  updatedAtMs: 0,
  error: undefined,
} as const;

const OCTOBER = fileAt("2026-10-31T10:00:00.000Z");
const NOVEMBER = [fileAt("2026-11-01T10:00:00.000Z"), fileAt("2026-11-02T10:00:00.000Z")] as const;
const MONTHS = { "2026-10": [OCTOBER], "2026-11": NOVEMBER, "2027-06": [] };

describe("listFiles()", () => {
  it("shows a file as the API names its members", async () => {
    const answer = await listFiles(SOURCE_ID, {}, servicesWith({ "2026-10": [OCTOBER] }));

    expect(answer).toEqual(
      ok({
        data: [
          {
            key: OCTOBER.key,
            location: "eu-west-1",
            events: 1,
            rawBytes: 2,
            gzipBytes: 3,
            ndjsonSha256: "ab",
            firstReceivedAt: "2026-10-31T10:00:00.000Z",
            lastReceivedAt: "2026-10-31T10:00:00.000Z",
            writtenBy: "homeport",
          },
        ],
        pagination: { next: null },
      }),
    );
  });

  it("pages over months, every file once", async () => {
    const keys: string[] = [];
    let after: string | undefined;
    do {
      const page = await listFiles(SOURCE_ID, { limit: "1", after }, servicesWith(MONTHS));
      if (!page.ok) throw new Error(page.error.member);
      keys.push(...page.value.data.map((file) => file.key));
      after = page.value.pagination.next ?? undefined;
    } while (after !== undefined);

    expect(keys).toEqual([OCTOBER, ...NOVEMBER].map((file) => file.key));
  });

  it("asks only months whose files can hold events of the range", async () => {
    const asked: string[] = [];
    const query = { from: "2026-11-05T00:00:00Z", to: "2026-11-06T00:00:00Z" };
    await listFiles(SOURCE_ID, query, servicesWith(MONTHS, asked));

    expect(asked).toEqual(["2026-11"]);
  });

  it("asks the month before as well when the range begins at midnight of the first", async () => {
    const asked: string[] = [];
    const query = { from: "2026-11-01T00:00:00Z", to: "2026-11-06T00:00:00Z" };
    await listFiles(SOURCE_ID, query, servicesWith(MONTHS, asked));

    expect(asked).toEqual(["2026-10", "2026-11"]);
  });

  it.each([
    ["from", { from: "yesterday" }],
    ["from", { from: "-000001-01-01T00:00:00Z" }],
    ["to", { to: "+275760-09-13T00:00:00Z" }],
    ["limit", { limit: "0" }],
    ["limit", { limit: "1001" }],
    ["limit", { limit: "ten" }],
    ["after", { after: "2026-10" }],
    ["after", { after: "2026-10:nowhere" }],
  ])("refuses a wrong %s: %o", async (member, query) => {
    expect(await listFiles(SOURCE_ID, query, servicesWith(MONTHS))).toEqual({
      ok: false,
      error: { kind: "invalid-query", member },
    });
  });
});

describe("startRebuild()", () => {
  it("starts nothing for a source that does not exist", async () => {
    const asked: string[] = [];
    const answer = await startRebuild(SOURCE_ID, {}, servicesWith({}, asked));

    expect([answer, asked]).toEqual([{ ok: false, error: { kind: "unknown" } }, []]);
  });
});

describe("rebuildStatus()", () => {
  it("is undefined when there was no rebuild", async () => {
    expect(await rebuildStatus(SOURCE_ID, servicesWith({}))).toBeUndefined();
  });
});
