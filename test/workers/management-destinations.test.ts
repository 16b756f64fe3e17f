import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import { workspaceOf } from "../../src/core/ids.ts";
import { CATALOGUE } from "../../src/deliver/catalogue/catalogue.ts";
import { locate } from "../../src/region/placement.ts";
import { call, CONFIG, ENV, makeWorkspace } from "./support/api.ts";
import { HOST, Sink } from "./support/sink.ts";

const SECRET = "a secret of sixteen chars";

let sink: Sink;

beforeEach(async () => {
  sink = await Sink.open();
});

function api(method: string, path: string, body?: unknown) {
  const url = `/api/v1/destinations${path}`;
  return call(method, url, { token: sink.token, ...(body === undefined ? {} : { body }) });
}

function own(method: string, path = "", body?: unknown) {
  return api(method, `/${sink.destinationId}${path}`, body);
}

/** Everything that the workspace's storage holds, as text. */
async function storedText(): Promise<string> {
  const name = { kind: "workspace", workspaceId: workspaceOf(sink.sourceId) } as const;
  return runInDurableObject(
    locate(ENV.WORKSPACE, name, CONFIG.jurisdictions),
    (_, { storage: { sql } }) => {
      const tables = ["destinations", "destination_secrets", "data_keys", "audit"];
      const rows = tables.flatMap((table) => sql.exec(`SELECT * FROM ${table}`).toArray());
      const decoder = new TextDecoder();
      const values = rows.flatMap((row) => Object.values(row));
      return values
        .map((value) => (value instanceof ArrayBuffer ? decoder.decode(value) : String(value)))
        .join("\n");
    },
  );
}

describe("secrets of a destination", () => {
  it("are named and never shown", async () => {
    const { body } = await own("GET");

    expect(body.destination.secrets).toEqual(["secret"]);
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });

  it("are nowhere in storage as they are", async () => {
    expect(await storedText()).not.toContain(SECRET);
  });

  it("stay when a change does not name them", async () => {
    await own("PATCH", "", { settings: { isBatched: false } });

    const { body } = await own("POST", "/test", {});

    expect(body.state).toBe("delivered");
  });

  it("are forgotten with the destination", async () => {
    const removed = await own("DELETE");

    expect(removed.body.destination).toMatchObject({ enabled: false, secrets: [] });
    expect((await own("GET")).status).toBe(404);
  });

  it("are in no exported configuration", async () => {
    const path = "/api/v1/workspace/config";
    const exported = await call("GET", path, { token: sink.token });

    expect(JSON.stringify(exported.body)).not.toContain(SECRET);
  });
});

describe("POST /api/v1/destinations", () => {
  const draft = { name: "Sink", slug: "webhook", sourceId: "" };

  it("refuses what the catalogue does not have", async () => {
    const made = await api("POST", "", { ...draft, slug: "nothing", sourceId: sink.sourceId });

    expect(made).toMatchObject({ status: 422, body: { code: "destination_not_offered" } });
  });

  it("refuses a destination whose vendor has no endpoint in the region, and says what would do", async () => {
    const slug = CATALOGUE.find(({ eu }) => eu.level === "none")?.slug;
    const made = await api("POST", "", { ...draft, slug, sourceId: sink.sourceId });

    expect(made).toMatchObject({ status: 422, body: { code: "no_endpoint_in_region" } });
    expect(made.body.detail).toContain("webhook");
  });

  it("refuses settings that are missing or unknown, quoting none", async () => {
    const settings = { password: "hunter2" };
    const made = await api("POST", "", { ...draft, sourceId: sink.sourceId, settings });

    expect(made).toMatchObject({ status: 422, body: { code: "destination_settings_invalid" } });
    expect(JSON.stringify(made.body)).not.toMatch(/hunter2|password/);
  });

  it("refuses a source of another workspace", async () => {
    const other = await makeWorkspace("eu");
    const made = await call("POST", "/api/v1/destinations", {
      token: other.token,
      body: { ...draft, sourceId: sink.sourceId },
    });

    expect(made.status).toBe(404);
  });

  it("refuses a token that may only read", async () => {
    const path = "/api/v1/tokens";
    const viewer = await call("POST", path, {
      token: sink.token,
      body: { name: "Viewer", rights: ["viewer"] },
    });
    const made = await call("POST", "/api/v1/destinations", {
      token: viewer.body.token as string,
      body: { ...draft, sourceId: sink.sourceId },
    });

    expect(made).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });
});

describe("POST /api/v1/destinations/:id/test", () => {
  it("shows request and answer, secrets masked", async () => {
    sink.answer = () => new Response("thanks");

    const { body } = await own("POST", "/test", { event: { type: "track", event: "Tried" } });

    expect(body).toMatchObject({
      state: "delivered",
      code: "200",
      exchanges: [{ method: "POST", url: `https://${HOST}/in`, status: 200, answerBody: "thanks" }],
    });
    expect(body.exchanges[0].requestBody).toContain('"Tried"');
    expect(body.exchanges[0].requestHeaders["webhook-signature"]).toBe("••••••");
  });

  it("says that there is no test of the credentials but the event", async () => {
    const { body } = await own("POST", "/test", {});

    expect(body.credentials).toMatchObject({ state: "skipped", detail: expect.any(String) });
  });

  it("masks a secret that the answer repeats", async () => {
    sink.answer = () => new Response(`you sent ${SECRET}`);

    const { body } = await own("POST", "/test", {});

    expect(body.state).toBe("delivered");
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });

  it("says what the destination refused", async () => {
    sink.answer = () => new Response("", { status: 400 });

    expect((await own("POST", "/test", {})).body).toMatchObject({ state: "rejected", code: "400" });
  });
});

describe("filters of a destination", () => {
  const filter = { title: "No b", if: 'messageId = "b"', actions: [{ type: "DROP" }] };

  it("keep events from it, which are counted", async () => {
    const added = await own("POST", "/filters", filter);
    await sink.append(["a", "b", "c"]);
    await sink.arrived(2);

    expect(added.status).toBe(201);
    expect(new Set(sink.ids())).toEqual(new Set(["a", "c"]));
  });

  it("are changed and removed by their ids", async () => {
    const { body } = await own("POST", "/filters", filter);
    const path = `/filters/${body.filter.id}`;
    const changed = await own("PATCH", path, { enabled: false });
    await own("DELETE", path);

    expect(changed.body.filter).toMatchObject({ ...filter, enabled: false });
    expect((await own("GET", "/filters")).body.data).toEqual([]);
  });

  it("are refused when their condition cannot be read", async () => {
    const added = await own("POST", "/filters", { ...filter, if: "event = = 1" });

    expect(added).toMatchObject({ status: 422, body: { code: "filters_invalid" } });
  });

  it("can be tried on an event", async () => {
    const payload = { messageId: "b" };
    const { title: _title, ...tried } = filter;

    expect((await own("POST", "/filters/preview", { filter: tried, payload })).body).toEqual({
      inputPayload: payload,
      result: null,
    });
  });
});
