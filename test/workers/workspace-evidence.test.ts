import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import { reach } from "../../durable-objects/reach.ts";
import { EvidenceTables } from "../../durable-objects/storage/evidence-tables.ts";
import type {
  EvidenceReport,
  EvidenceView,
  HostEvidence,
  RefusalEvidence,
} from "../../src/egress/evidence.ts";
import { newWorkspaceId, type WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { CONFIG, ENV, makeWorkspace } from "./support/api.ts";

const HOUR_MS = 3_600_000;
const ALL = { fromMs: 0, toMs: 100 * HOUR_MS };

const HOST: HostEvidence = {
  host: "s3.eu-west-1.amazonaws.com",
  purpose: "archive",
  level: "platform",
  requests: 3,
  bytesSent: 300,
  bytesReceived: 30,
  firstAtMs: 1000,
  lastAtMs: 2000,
};
const REFUSAL: RefusalEvidence = {
  host: "s3.us-west-2.amazonaws.com",
  purpose: "archive",
  reason: "host-not-allowed",
  hourMs: HOUR_MS,
  count: 2,
};

let id: WorkspaceId;

beforeEach(async () => {
  ({ id } = await makeWorkspace("eu"));
});

function report(changes: Partial<EvidenceReport> = {}): EvidenceReport {
  return {
    object: "queue:src:eu1:0",
    kind: "queue",
    standing: "simulated:eu",
    atMs: 5000,
    hosts: [],
    refusals: [],
    edges: [],
    ...changes,
  };
}

async function take(...reports: readonly EvidenceReport[]): Promise<void> {
  const workspace = reach(ENV, CONFIG).workspace(id);
  for (const each of reports) await workspace.takeEvidence(each);
}

function inTables<T>(work: (tables: EvidenceTables, sql: SqlStorage) => T): Promise<T> {
  const name = { kind: "workspace", workspaceId: id } as const;
  return runInDurableObject(locate(ENV.WORKSPACE, name, CONFIG.jurisdictions), (_, { storage }) =>
    work(new EvidenceTables(storage.sql), storage.sql),
  );
}

function view(range = ALL): Promise<EvidenceView> {
  return inTables((tables) => tables.view(range));
}

describe("takeEvidence()", () => {
  it("keeps what an object says of where it runs, from the first time to the last", async () => {
    await take(report({ atMs: 5000 }), report({ atMs: 9000 }));

    expect((await view()).objects).toEqual([
      {
        object: "queue:src:eu1:0",
        kind: "queue",
        standing: "simulated:eu",
        firstAtMs: 5000,
        lastAtMs: 9000,
      },
    ]);
  });

  it("counts a report that comes twice once", async () => {
    const same = report({ hosts: [HOST], refusals: [REFUSAL] });

    await take(same, same);

    expect(await view()).toMatchObject({ hosts: [HOST], refusals: [REFUSAL] });
  });

  it("is not set back by a report that arrives late", async () => {
    const newer = { ...HOST, requests: 9, bytesSent: 900, lastAtMs: 3000 };

    await take(report({ atMs: 9000, hosts: [newer] }), report({ atMs: 5000, hosts: [HOST] }));

    expect((await view()).hosts).toEqual([newer]);
  });

  it("adds up what several objects report of the same host and hour", async () => {
    await take(
      report({ hosts: [HOST], refusals: [REFUSAL] }),
      report({ object: "archive:src", kind: "archive", hosts: [HOST], refusals: [REFUSAL] }),
    );

    expect(await view()).toMatchObject({
      hosts: [{ requests: 6, bytesSent: 600, bytesReceived: 60 }],
      refusals: [{ count: 4 }],
    });
  });

  it("keeps edge places by outcome and hour", async () => {
    const edges = [
      { colo: "DUB", outcome: "accepted", hourMs: HOUR_MS, count: 5 },
      { colo: "NRT", outcome: "held", hourMs: HOUR_MS, count: 1 },
    ] as const;

    await take(report({ edges }));

    expect((await view()).edges).toEqual(edges);
  });

  it("writes nothing in a workspace that was never created", async () => {
    id = newWorkspaceId("eu", (length) => crypto.getRandomValues(new Uint8Array(length)));

    await take(report({ hosts: [HOST] }));

    const tables = await inTables((_, sql) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'evidence%'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("the view", () => {
  it("shows hours of the range only, newest first", async () => {
    const hours = [1, 2, 3, 4].map((hour) => ({ ...REFUSAL, hourMs: hour * HOUR_MS }));
    await take(report({ refusals: hours }));

    const { refusals } = await view({ fromMs: 2 * HOUR_MS, toMs: 4 * HOUR_MS });

    expect(refusals.map(({ hourMs }) => hourMs / HOUR_MS)).toEqual([3, 2]);
  });
});

describe("prune()", () => {
  it("drops what was last seen before, and keeps the rest", async () => {
    const old = { ...REFUSAL, hourMs: 0 };
    await take(report({ atMs: 9000, hosts: [HOST], refusals: [old, REFUSAL] }));

    await inTables((tables) => tables.prune(3000));

    expect(await view()).toMatchObject({ objects: [{}], hosts: [], refusals: [REFUSAL] });
  });
});
