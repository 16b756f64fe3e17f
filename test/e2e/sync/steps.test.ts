import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import {
  passTo,
  type OutboundAnswer,
  type OutboundRequest,
  type Route,
} from "../../../scripts/stack/recorder.ts";
import { openSyncWorld, type SyncWorld } from "../../support/sync/sync-world.ts";

const SINK = "sink.eu.example.com";
const ROWS = 1_000;
const BATCH = 50;
const OWN_LOCATION = "eu-central-1";
const OWN_HOST = `s3.${OWN_LOCATION}.amazonaws.com`;
const WAIT = { timeout: 60_000, interval: 50 };

const ACCEPTED: OutboundAnswer = { status: 200, headers: {}, body: Buffer.from("{}") };

describe("the steps of a run", () => {
  let world: SyncWorld;
  let sink: string;
  /** Records that the destination was sent. */
  let taken = 0;
  /** As many are taken at once; answers to others are held back until somebody calls them. */
  let holdFrom = Infinity;
  let held: (() => void)[] = [];

  const take = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    const { records } = JSON.parse(request.body.toString()) as { readonly records: unknown[] };
    taken += records.length;
    if (taken > holdFrom) await new Promise<void>((resolve) => held.push(resolve));
    return ACCEPTED;
  };

  beforeAll(async () => {
    const own: Route = (request) => passTo(world.stack.aws.endpoints[OWN_LOCATION], request);
    world = await openSyncWorld({ outbound: { [SINK]: take, [OWN_HOST]: own } });
    const made = await world.api("POST", "/api/v1/connections", {
      name: "Sink",
      kind: "webhook",
      settings: {
        url: `https://${SINK}/in`,
        secret: "sixteen characters at least",
        batchSize: BATCH,
      },
      hosts: [SINK],
    });
    sink = (made["connection"] as { readonly id: string }).id;
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    [taken, held, holdFrom] = [0, [], Infinity];
    await world.sql`DROP TABLE IF EXISTS people`;
    await world.sql`CREATE TABLE people (id bigint, email text, plan text)`;
    await world.sql`INSERT INTO people SELECT n, 'p' || n, 'free' FROM generate_series(1, ${ROWS}) n`;
  });

  it("are shown each with its times, its count and the place that executed it", async () => {
    const sync = await world.makeSync({
      destination: { connectionId: sink, object: "records" },
    });
    const { steps } = await world.run(sync);
    const step = {
      state: "completed",
      startedAt: expect.stringMatching(/Z$/) as string,
      endedAt: expect.stringMatching(/Z$/) as string,
      place: expect.stringMatching(/^simulated.*\beu\b/) as string,
    };

    expect(steps).toMatchObject({
      identify: { ...step, records: ROWS },
      unload: { ...step, records: ROWS },
      load: { ...step, records: ROWS },
      report: step,
    });
  });

  it("end soon after the run is canceled, and what was accepted stays so", async () => {
    holdFrom = ROWS / 5;
    const sync = await world.makeSync({
      destination: { connectionId: sink, object: "records" },
    });
    const begun = await world.trigger(sync);
    await vi.waitFor(() => expect(held).not.toEqual([]), WAIT);
    await world.api("POST", `/api/v1/syncs/${sync}/runs/${begun.id}/cancel`);
    const sent = taken;
    holdFrom = Infinity;
    for (const answer of held) answer();
    const canceled = await world.ended(sync, begun);
    const accepted = canceled.counts["accepted"] ?? 0;
    const next = await world.run(sync);

    expect(canceled).toMatchObject({ isCanceled: true });
    // Calls that were under way may be broken off; their records come again.
    expect([accepted >= ROWS / 5, accepted <= sent, sent < ROWS]).toEqual([true, true, true]);
    expect(next.counts).toMatchObject({ accepted: ROWS - accepted });
  });

  it("leave changed rows in the sync's own bucket and in no other, and delete them after", async () => {
    const { accessKeyId, secretAccessKey } = world.stack.aws.credentials.eu;
    const url = `https://${OWN_HOST}/${homeBucketName(OWN_LOCATION)}`;
    const own = await world.api("POST", "/api/v1/connections", {
      name: "Own bucket",
      kind: "files",
      settings: { url, accessKeyId, secretAccessKey },
    });
    const { id } = own["connection"] as { readonly id: string };
    const sync = await world.makeSync({
      destination: { connectionId: sink, object: "records" },
      unload: id,
    });
    world.stack.recorder.clear();
    await world.run(sync);
    const calls = world.stack.recorder
      .calls()
      .filter(({ path }) => path.includes("/homeport-syncs/"));

    expect([...new Set(calls.map(({ host }) => host))]).toEqual([OWN_HOST]);
    expect(new Set(calls.map(({ method }) => method))).toEqual(new Set(["PUT", "GET", "DELETE"]));
  });
});
