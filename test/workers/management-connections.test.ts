import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import type { WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { call, CONFIG, ENV, makeWorkspace } from "./support/api.ts";

const PASSWORD = "a password nobody may see";
const SETTINGS = {
  host: "db.abc.eu-central-1.rds.amazonaws.com",
  database: "shop",
  user: "reader",
  password: PASSWORD,
};
const DRAFT = { name: "Shop", kind: "postgres", settings: SETTINGS };

let workspace: { readonly id: WorkspaceId; readonly token: string };

beforeEach(async () => {
  workspace = await makeWorkspace("eu");
});

function api(method: string, path = "", body?: unknown, token = workspace.token) {
  const url = `/api/v1/connections${path}`;
  return call(method, url, { token, ...(body === undefined ? {} : { body }) });
}

async function made(draft: object = DRAFT): Promise<string> {
  return (await api("POST", "", draft)).body.connection.id as string;
}

function inWorkspace<T>(work: (sql: SqlStorage) => T): Promise<T> {
  const name = { kind: "workspace", workspaceId: workspace.id } as const;
  return runInDurableObject(
    locate(ENV.WORKSPACE, name, CONFIG.jurisdictions),
    (_, { storage: { sql } }) => work(sql),
  );
}

describe("a connection", () => {
  it("is made in a region that its host shows, and names its secrets only", async () => {
    const { status, body } = await api("POST", "", DRAFT);

    const { password: _password, ...shown } = SETTINGS;
    expect(status).toBe(201);
    expect(body.connection).toMatchObject({
      kind: "postgres",
      region: "eu",
      settings: shown,
      secrets: ["password"],
    });
  });

  it("has no secret in storage as it is", async () => {
    await made();

    const stored = await inWorkspace((sql) => {
      const tables = ["connections", "connection_secrets", "audit", "answers"];
      const rows = tables.flatMap((table) => sql.exec(`SELECT * FROM ${table}`).toArray());
      return JSON.stringify(
        rows
          .flatMap((row) => Object.values(row))
          .map((value) => (value instanceof ArrayBuffer ? new TextDecoder().decode(value) : value)),
      );
    });

    expect(stored).toContain("shop");
    expect(stored).not.toContain(PASSWORD);
  });

  it("keeps what a change does not name", async () => {
    const id = await made();

    const { body } = await api("PATCH", `/${id}`, { settings: { user: "other" } });

    expect(body.connection.settings).toMatchObject({ host: SETTINGS.host, user: "other" });
    expect(body.connection.secrets).toEqual(["password"]);
  });

  it("is gone with its secrets once it is deleted", async () => {
    const id = await made();

    await api("DELETE", `/${id}`);

    expect((await api("GET", `/${id}`)).status).toBe(404);
    expect(
      await inWorkspace((sql) => sql.exec("SELECT * FROM connection_secrets").toArray()),
    ).toEqual([]);
  });

  it("is not deleted while a sync uses it", async () => {
    const id = await made();
    const sync = { source: { connectionId: id }, destination: { destinationId: "dst_eu_x" } };
    await inWorkspace((sql) =>
      sql.exec("INSERT INTO syncs VALUES (1, 'syn_eu_x', 0, ?)", JSON.stringify(sync)),
    );

    expect(await api("DELETE", `/${id}`)).toMatchObject({
      status: 409,
      body: { code: "connection_in_use" },
    });
  });

  it("is another workspace's business only", async () => {
    const id = await made();
    const { token } = await makeWorkspace("eu");

    expect((await api("GET", `/${id}`, undefined, token)).status).toBe(404);
    expect((await api("POST", `/${id}/test`, undefined, token)).status).toBe(404);
  });

  it("is written down in the audit chain by names alone", async () => {
    const id = await made();
    await api("PATCH", `/${id}`, { settings: { password: "another" }, name: "Store" });
    const { body } = await call("GET", "/api/v1/audit", { token: workspace.token });

    const acts = body.data.filter(({ subject }: { subject: string }) => subject === id);
    expect(acts.map(({ action }: { action: string }) => action).toSorted()).toEqual([
      "connection.create",
      "connection.update",
    ]);
    expect(JSON.stringify(acts)).not.toMatch(/another|Store/);
  });

  it("shows rows to nobody without the right to see events", async () => {
    const id = await made();
    const { body: editor } = await call("POST", "/api/v1/tokens", {
      token: workspace.token,
      body: { name: "CI", rights: ["editor"] },
    });
    const body = { model: { kind: "table", schema: "public", name: "people" } };

    expect(await api("POST", `/${id}/preview`, body, editor.token)).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
  });
});

describe("a connection to files", () => {
  const url = "https://s3.eu-west-3.amazonaws.com/files";
  const roleArn = "arn:aws:iam::444455556666:role/homeport-reads";

  it.each([
    [{ url, roleArn }, undefined],
    [{ url }, "accessKeyId is missing; secretAccessKey is missing."],
    [{ url, roleArn: "role/homeport-reads" }, "roleArn is no ARN of a role."],
    [
      { url, roleArn, accessKeyId: "AKIA" },
      "accessKeyId has to be left out where there is a role.",
    ],
    [
      {
        url: "https://0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com/files",
        roleArn,
      },
      "roleArn has to be left out for a bucket that is not at AWS in the region.",
    ],
  ])("with %o is answered %s", async (settings, detail) => {
    const { body } = await api("POST", "", { name: "Files", kind: "files", settings });

    expect(body.detail).toBe(detail);
  });
});

describe("POST /api/v1/connections refuses", () => {
  const refused = async (settings: object, over: object = {}): Promise<unknown> => {
    const draft = { ...DRAFT, settings: { ...SETTINGS, ...settings }, ...over };
    return (await api("POST", "", draft)).body;
  };

  it("a database whose name shows the other region, and says what would do", async () => {
    expect(await refused({ host: "db.abc.us-east-1.rds.amazonaws.com" })).toMatchObject({
      code: "connection_not_in_region",
      detail: expect.stringContaining("eu-central-1"),
    });
  });

  it("a host of which nothing is known, unless it is declared", async () => {
    const host = "db.example.com";

    expect(await refused({ host })).toMatchObject({
      code: "connection_not_in_region",
      detail: expect.stringContaining('"db.example.com:5432"'),
    });
    expect(await refused({ host }, { hosts: [`${host}:5432`] })).toHaveProperty("connection");
  });

  it.each([
    ["postgres", { host: "db.abc.us-east-1.rds.amazonaws.com" }],
    ["files", { url: "https://s3.amazonaws.com/files", accessKeyId: "A", secretAccessKey: "s" }],
    ["webhook", { url: "https://abc.execute-api.us-west-2.amazonaws.com/in", secret: PASSWORD }],
  ])(
    "a host of kind %s whose name shows the other home, though it is declared",
    async (kind, settings) => {
      const { host, url } = settings as { host?: string; url?: string };
      const named = host ?? new URL(url ?? "").hostname;
      const hosts = [named, `${named}:5432`];
      const draft = { name: "Elsewhere", kind, hosts };
      const whole = kind === "postgres" ? { ...SETTINGS, ...settings } : settings;

      expect((await api("POST", "", { ...draft, settings: whole })).body).toMatchObject({
        code: "connection_not_in_region",
        detail: expect.stringContaining("in us"),
      });
    },
  );

  it("London, which is not in the EU", async () => {
    expect(await refused({ host: "db.abc.eu-west-2.rds.amazonaws.com" })).toMatchObject({
      code: "connection_not_in_region",
    });
  });

  it("a bucket in London, unless it is declared", async () => {
    const url = "https://s3.eu-west-2.amazonaws.com/files";
    const draft = {
      name: "Files",
      kind: "files",
      settings: { url, accessKeyId: "AKIA", secretAccessKey: "s" },
    };
    const hosts = ["s3.eu-west-2.amazonaws.com"];

    expect((await api("POST", "", draft)).body.code).toBe("connection_not_in_region");
    expect((await api("POST", "", { ...draft, hosts })).body).toHaveProperty("connection");
  });

  it.each([
    [{ password: null }, "password is missing"],
    [{ port: 0 }, "port has to be"],
    [{ relay: true }, "the operator has none"],
    [{ tls: false }, "no database is talked to in the clear"],
    [{ host: "127.1" }, "host is no name"],
    [{ schema: "x" }, "does not have"],
  ])("the settings %o", async (settings, problem) => {
    expect(await refused(settings)).toMatchObject({
      code: "connection_settings_invalid",
      detail: expect.stringContaining(problem),
    });
  });

  it.each([
    ["https://s3.eu-west-3.amazonaws.com/files", undefined],
    ["https://0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com/files", undefined],
    ["https://s3.us-east-1.amazonaws.com/files", "connection_not_in_region"],
    ["https://s3.amazonaws.com/files", "connection_not_in_region"],
    [
      "https://0123456789abcdef0123456789abcdef.us.r2.cloudflarestorage.com/files",
      "connection_not_in_region",
    ],
    ["https://storage.example.com/files", "connection_not_in_region"],
    ["https://s3.eu-west-3.amazonaws.com/", "connection_settings_invalid"],
    ["https://key:secret@s3.eu-west-3.amazonaws.com/files", "connection_settings_invalid"],
  ])("or takes the bucket %s", async (url, code) => {
    const settings = { url, accessKeyId: "AKIA", secretAccessKey: "s" };
    const { body } = await api("POST", "", { name: "Files", kind: "files", settings });

    expect(body.code).toBe(code);
  });
});
