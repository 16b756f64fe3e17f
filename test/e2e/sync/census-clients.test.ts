import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { openSyncWorld, type SyncWorld } from "../../support/sync/sync-world.ts";

type Body = Readonly<Record<string, unknown>> & { readonly data: never };

/** Clients of Census that let their host be set, as they send their requests. */
describe("clients of Census", () => {
  let world: SyncWorld;
  let number: number;

  beforeAll(async () => {
    world = await openSyncWorld();
    const { sql } = world;
    await sql`CREATE TABLE people (id bigint, email text, plan text)`;
    await sql`CREATE TABLE copies (id bigint PRIMARY KEY, email text, plan text)`;
    await sql`INSERT INTO people VALUES (1, 'a@example.com', 'free'), (2, 'b@example.com', 'paid')`;
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    const made = await world.api("GET", `/api/v1/syncs/${await world.makeSync({})}`);
    number = (made["sync"] as { readonly number: number }).number;
  });

  async function send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: Body }> {
    const url = `${world.homeport.hostOf("eu1")}/census${path}`;
    const text = body === undefined ? null : JSON.stringify(body);
    const response = await fetch(url, { method, headers, body: text });
    return { status: response.status, body: (await response.json()) as Body };
  }

  const bearer = (): Readonly<Record<string, string>> => ({
    authorization: `Bearer ${world.workspace.token}`,
  });

  it("runs a sync for Airflow's operator and sensor", async () => {
    const headers = { ...bearer(), "user-agent": "python-requests/2.32.3", accept: "*/*" };
    const triggered = await send("POST", `/api/v1/syncs/${number}/trigger`, headers);
    const { sync_run_id: runId } = triggered.body.data as { sync_run_id: number };
    const poke = async (): Promise<Body> => {
      const { body } = await send("GET", `/api/v1/sync_runs/${runId}`, headers);
      expect(body.data).toMatchObject({ status: "completed" });
      return body;
    };

    const info = await vi.waitFor(poke, { timeout: 30_000, interval: 200 });

    expect(triggered).toMatchObject({ status: 200, body: { status: "success" } });
    expect(info).toMatchObject({
      status: "success",
      data: {
        id: runId,
        sync_id: number,
        source_record_count: 2,
        records_processed: 2,
        records_updated: 2,
        records_failed: 0,
        records_invalid: 0,
        canceled: false,
        full_sync: true,
        error_message: null,
        sync_trigger_reason: { ui_tag: "API" },
      },
    });
  });

  it("runs a sync for Dagster, which sends the key as a password behind a prefix of its own", async () => {
    const password = `bearer:secret-token:${world.workspace.token}`;
    const headers = {
      authorization: `Basic ${Buffer.from(password).toString("base64")}`,
      "user-agent": "dagster-census/0.29.27",
      "content-type": "application/json;version=2",
    };
    const sync = await send("GET", `/api/v1/syncs/${number}`, headers);
    const { source_attributes: from, destination_attributes: to } = sync.body.data as Record<
      "source_attributes" | "destination_attributes",
      { readonly connection_id: number }
    >;
    const source = await send("GET", `/api/v1/sources/${from.connection_id}`, headers);
    const destination = await send("GET", `/api/v1/destinations/${to.connection_id}`, headers);
    const path = `/api/v1/syncs/${number}/trigger`;
    const triggered = await send("POST", path, headers, { force_full_sync: true });
    const { sync_run_id: runId } = triggered.body.data as { sync_run_id: number };
    const run = await send("GET", `/api/v1/sync_runs/${runId}`, headers);

    expect(source.body.data).toMatchObject({ name: "Warehouse", type: "postgres" });
    expect(destination.body.data).toMatchObject({ name: "Warehouse" });
    expect(run.body.data).toMatchObject({ id: runId, sync_id: number });
  });

  it("sends everything again when the query asks for it", async () => {
    const path = `/api/v1/syncs/${number}/trigger?force_full_sync=true`;
    const triggered = await send("POST", path, bearer());
    const { sync_run_id: runId } = triggered.body.data as { sync_run_id: number };

    const done = await vi.waitFor(
      async () => {
        const { body } = await send("GET", `/api/v1/sync_runs/${runId}`, bearer());
        expect(body.data).toMatchObject({ status: "completed" });
        return body.data;
      },
      { timeout: 30_000, interval: 200 },
    );

    expect(done).toMatchObject({ full_sync: true, records_processed: 2 });
  });

  it("begins one run for a trigger that is repeated, and none for another under its key", async () => {
    const path = `/api/v1/syncs/${number}/trigger`;
    const headers = { ...bearer(), "idempotency-key": "once" };
    const first = await send("POST", path, headers);
    const again = await send("POST", path, headers);
    const other = await send("POST", `${path}?force_full_sync=true`, headers);

    expect(again).toEqual(first);
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
  });

  it("makes, reads, changes and deletes a sync for the Terraform provider", async () => {
    const personal = { ...bearer(), "content-type": "application/json" };
    const traded = await send("GET", "/api/v1/workspaces/1/api_key", personal);
    const headers = {
      authorization: `Bearer ${String(traded.body["api_key"])}`,
      "content-type": "application/json",
      "user-agent": "terraform-provider-census",
    };
    const sources = await send("GET", "/api/v1/sources?page=1&per_page=100&order=asc", headers);
    const [connection] = sources.body.data as readonly { readonly id: number }[];
    const draft = {
      operation: "mirror",
      source_attributes: {
        connection_id: connection?.id,
        object: { type: "table", table_schema: "public", table_name: "people" },
      },
      destination_attributes: { connection_id: connection?.id, object: "public.copies" },
      mappings: [
        {
          from: { type: "column", data: "id" },
          to: "id",
          position: 0,
          is_primary_identifier: true,
        },
        {
          from: { type: "constant_value", data: { basic_type: "text", value: "vip" } },
          to: "plan",
          position: 1,
          is_primary_identifier: false,
          sync_null_values: true,
        },
      ],
      label: "From Terraform",
      alert_attributes: [],
      mode: {
        type: "triggered",
        triggers: { schedule: { frequency: "daily", hour: 4, minute: 30 } },
      },
      paused: true,
      mirror_strategy: "sync_updates_and_deletes",
    };
    const created = await send("POST", "/api/v1/syncs", headers, draft);
    const { sync_id: made } = created.body.data as { sync_id: number };
    const read = await send("GET", `/api/v1/syncs/${made}`, headers);
    const change = { ...draft, label: "Renamed", paused: false };
    const updated = await send("PATCH", `/api/v1/syncs/${made}`, headers, change);
    const deleted = await send("DELETE", `/api/v1/syncs/${made}`, headers);
    const gone = await send("GET", `/api/v1/syncs/${made}`, headers);

    expect(created.body["status"]).toBe("created");
    expect(read.body.data).toMatchObject({
      id: made,
      label: "From Terraform",
      operation: "mirror",
      paused: true,
      status: "Ready",
      mirror_strategy: "sync_updates_and_deletes",
      schedule_frequency: "daily",
      mode: { triggers: { schedule: { frequency: "daily", hour: 4, minute: 30 } } },
      source_attributes: draft.source_attributes,
      destination_attributes: draft.destination_attributes,
    });
    expect((read.body.data as { mappings: unknown }).mappings).toMatchObject(draft.mappings);
    expect(updated.body).toMatchObject({
      status: "updated",
      data: { label: "Renamed", paused: false },
    });
    expect(deleted.body["status"]).toBe("deleted");
    expect(gone).toMatchObject({ status: 404, body: { status: "error", code: "not_found" } });
  });

  it("counts pages of runs from 1, newest first unless asked otherwise", async () => {
    const id = await world.makeSync({});
    for (let run = 0; run < 3; run += 1) await world.run(id);
    const view = await world.api("GET", `/api/v1/syncs/${id}`);
    const sync = (view["sync"] as { readonly number: number }).number;
    const path = `/api/v1/syncs/${sync}/sync_runs`;
    const second = await send("GET", `${path}?page=2&per_page=2`, bearer());
    const oldest = await send("GET", `${path}?page=0&per_page=1&order=asc`, bearer());

    expect(second.body["pagination"]).toEqual({
      total_records: 3,
      per_page: 2,
      prev_page: 1,
      page: 2,
      next_page: null,
      last_page: 2,
    });
    expect(second.body.data).toEqual(oldest.body.data);
  });

  it("shows whoever may read records those that were invalid, and takes no identifier in a URL", async () => {
    const { sql } = world;
    await sql`INSERT INTO people VALUES (NULL, 'nobody@example.com', 'free')`;
    const id = await world.makeSync({});
    const { number: run } = await world.run(id);
    await sql`DELETE FROM people WHERE id IS NULL`;
    const view = await world.api("GET", `/api/v1/syncs/${id}`);
    const sync = (view["sync"] as { readonly number: number }).number;
    const path = `/api/v1/sync_runs/${sync * 10_000_000 + run}/records`;

    const invalid = await send("GET", `${path}?status=NULL`, bearer());
    const other = await send("GET", `${path}?status=rejected`, bearer());
    const named = await send("GET", `${path}?primary_identifier=nobody`, bearer());

    expect(invalid.body.data).toMatchObject([{ status: "NULL", operation: "upsert" }]);
    expect(other.body.data).toEqual([]);
    expect(named).toMatchObject({ status: 400, body: { code: "invalid_query" } });
  });

  it("says that it cancels, and of a run that is over that it is", async () => {
    const id = await world.makeSync({});
    const run = await world.run(id);
    const view = await world.api("GET", `/api/v1/syncs/${id}`);
    const sync = (view["sync"] as { readonly number: number }).number;
    const path = `/api/v1/sync_runs/${sync * 10_000_000 + run.number}/cancel`;

    const answer = await send("POST", path, bearer());

    expect(answer).toMatchObject({ status: 409, body: { status: "error", code: "sync_run_over" } });
  });

  it("refuses whoever has no token of a workspace, in Census's envelope", async () => {
    const answer = await send("GET", "/api/v1/syncs", { authorization: "Bearer secret-token:x" });

    expect(answer).toMatchObject({ status: 401, body: { status: "error" } });
  });
});
