import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { homeBucketName, homeUserArn } from "../../../scripts/local-aws/options.ts";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { startPostgres, type PostgresServer } from "../../support/deliver/postgres-server.ts";
import { openHomeport, type ApiAnswer, type Homeport } from "../../support/homeport.ts";

const LOCATION = "eu-west-1";

let stack: Stack;
let homeport: Homeport;
let server: PostgresServer;
let token: string;

beforeAll(async () => {
  [stack, server] = await Promise.all([startStack({ vars: {} }), startPostgres()]);
  homeport = openHomeport(stack);
  token = (await homeport.createWorkspace("eu")).token;
  const sql = postgres({ ...server, max: 1, onnotice: () => undefined });
  await sql.unsafe(`CREATE TABLE people AS
    SELECT n AS id, 'person ' || n AS name FROM generate_series(1, 500) n; ANALYZE people`);
  await sql.end();
  const client = new S3Client({
    endpoint: stack.aws.endpoints[LOCATION],
    region: LOCATION,
    credentials: stack.aws.credentials.eu,
    forcePathStyle: true,
  });
  const Body = "id,name\n1,Ada\n2,#N/A\n";
  await client.send(
    new PutObjectCommand({ Bucket: homeBucketName(LOCATION), Key: "people/1.csv", Body }),
  );
  client.destroy();
});

afterAll(async () => {
  await Promise.all([stack.stop(), server.stop()]);
});

function api(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
  return homeport.api(token, method, `/api/v1/connections${path}`, body);
}

async function connect(draft: object): Promise<string> {
  const { body } = await api("POST", "", { name: "Source", ...draft });
  return (body["connection"] as { id: string }).id;
}

function connectPostgres(settings: object = {}): Promise<string> {
  const { host, port, database, user, password } = server;
  return connect({
    kind: "postgres",
    settings: { host, port, database, user, password, ...settings },
    hosts: [`${host}:${port}`],
  });
}

function connectFiles(): Promise<string> {
  const { accessKeyId, secretAccessKey } = stack.aws.credentials.eu;
  const url = `${stack.aws.endpoints[LOCATION]}/${homeBucketName(LOCATION)}`;
  return connect({ kind: "files", settings: { url, accessKeyId, secretAccessKey } });
}

describe("a connection to Postgres", () => {
  it("is tested in named steps", async () => {
    const { body } = await api("POST", `/${await connectPostgres()}/test`);

    expect(body).toMatchObject({
      passed: true,
      steps: [
        { step: "host_in_region", state: "passed" },
        { step: "reachable", state: "passed" },
        // This machine's own server is talked to in the clear.
        { step: "tls", state: "warned" },
        { step: "login", state: "passed" },
        { step: "read", state: "passed" },
        { step: "read_only", state: "warned" },
        { step: "log_schema", state: "passed" },
        { step: "server_version", state: "passed" },
        { step: "encoding", state: "passed" },
        { step: "checksum", state: "passed" },
      ],
    });
  });

  it("says at which step it fails, and quotes nothing", async () => {
    const { body } = await api("POST", `/${await connectPostgres({ password: "wrong" })}/test`);

    const steps = body["steps"] as { step: string; state: string }[];
    expect(body["passed"]).toBe(false);
    expect(steps.find(({ state }) => state === "failed")?.step).toBe("login");
    expect(JSON.stringify(body)).not.toMatch(/wrong|SCRAM|authentication/);
  });

  it("shows its tables, their columns and some rows", async () => {
    const id = await connectPostgres();
    const model = { kind: "table", schema: "public", name: "people" };

    const tables = await api("GET", `/${id}/tables`);
    const columns = await api("GET", `/${id}/columns?table=people`);
    const preview = await api("POST", `/${id}/preview`, { model, limit: 2 });

    expect(tables.body["data"]).toEqual([
      { model, kind: "table", rowsEstimate: 500, files: null, bytes: null },
    ]);
    expect(columns.body["data"]).toEqual([
      { name: "id", type: "integer" },
      { name: "name", type: "text" },
    ]);
    expect(preview.body["rows"]).toEqual([
      ["1", "person 1"],
      ["2", "person 2"],
    ]);
  });

  it("names the column that a query asks for in vain", async () => {
    const id = await connectPostgres();
    const model = { kind: "query", sql: "SELECT gone FROM people" };

    const { status, body } = await api("POST", `/${id}/preview`, { model });

    expect(status).toBe(422);
    expect(body).toMatchObject({ code: "source_failed" });
    expect(body["detail"]).toContain("no_such_column");
  });
});

describe("a connection to files", () => {
  it("is tested, and shows folders, columns and rows", async () => {
    const id = await connectFiles();
    const model = { kind: "folder", prefix: "people/", format: "csv", files: "newest" };

    const tested = await api("POST", `/${id}/test`);
    const tables = await api("GET", `/${id}/tables`);
    const columns = await api("GET", `/${id}/columns?table=${encodeURIComponent("people/*.csv")}`);
    const preview = await api("POST", `/${id}/preview`, { model });

    expect(tested.body).toMatchObject({ passed: true });
    expect(tables.body["data"]).toMatchObject([{ model, kind: "folder", files: 1 }]);
    expect(columns.body["data"]).toEqual([
      { name: "id", type: "text" },
      { name: "name", type: "text" },
    ]);
    expect(preview.body["rows"]).toEqual([
      ["1", "Ada"],
      ["2", null],
    ]);
  });
});

describe("a connection to files by a role", () => {
  const ROLE = "arn:aws:iam::444455556666:role/homeport-reads";

  /** The owner lets a role of theirs list and read the bucket for whoever names that ExternalId. */
  function letIn(externalId: string): Promise<void> {
    const bucket = homeBucketName(LOCATION);
    const allow = [{ actions: ["s3:ListBucket", "s3:GetObject"], bucket }];
    return stack.aws.setRole({ arn: ROLE, trust: [homeUserArn("eu")], externalId, allow });
  }

  function connectByRole(): Promise<string> {
    const url = `${stack.aws.endpoints[LOCATION]}/${homeBucketName(LOCATION)}`;
    return connect({ kind: "files", settings: { url, roleArn: ROLE } });
  }

  it("reads once the role trusts us together with the connection's id", async () => {
    const id = await connectByRole();
    await letIn(id);

    expect((await api("POST", `/${id}/test`)).body).toMatchObject({ passed: true });
  });

  it("is not let in by a role that trusts another connection", async () => {
    const id = await connectByRole();
    await letIn("con_eu_0000000000000000zzzzzzzzzz");

    expect((await api("POST", `/${id}/test`)).body).toMatchObject({
      passed: false,
      steps: [{ state: "passed" }, { step: "list", state: "failed" }, { state: "skipped" }],
    });
  });
});

describe("what connections contact", () => {
  it("stands in the workspace's evidence, by host and purpose", async () => {
    await api("POST", `/${await connectPostgres()}/test`);
    const range = "from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z";
    const hosts = async (): Promise<unknown> =>
      (await homeport.api(token, "GET", `/api/v1/residency?${range}`)).body["hosts"];

    await vi.waitFor(
      async () =>
        expect(await hosts()).toContainEqual(
          expect.objectContaining({
            host: `${server.host}:${server.port}`,
            purpose: "sync:postgres",
            level: "declared",
          }),
        ),
      { timeout: 20_000, interval: 250 },
    );
  });
});
