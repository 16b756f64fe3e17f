import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";

import { CENSUS_OPERATIONS } from "../../src/api/census/operations.ts";
import { handleCensus } from "../../src/api/census/router.ts";
import { openApiDocument } from "../../src/api/openapi.ts";
import { OPERATIONS } from "../../src/api/operations.ts";
import { handleApi } from "../../src/api/router.ts";
import type { HomeRegion, WorkspaceId } from "../../src/core/ids.ts";
import { locate } from "../../src/region/placement.ts";
import { HOME_REGIONS } from "../../src/region/regions.ts";
import { regionFields, sampleOf, smuggledBodies, type Schema } from "../support/smuggled-region.ts";
import { call, CONFIG, ENV, makeServices, makeWorkspace, OPERATOR } from "./support/api.ts";
import { FakeS3 } from "./support/fake-s3.ts";

type Described = {
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
};

const { paths } = openApiDocument([...OPERATIONS, ...CENSUS_OPERATIONS]) as unknown as {
  paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
};
const CALLS = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    described,
  })),
);

/** Headers that a client or something on the way could try it with. */
const HEADERS = ["x-region", "x-homeport-region", "x-jurisdiction", "cf-ipcountry"];

type Target = {
  readonly home: HomeRegion;
  readonly other: HomeRegion;
  readonly id: WorkspaceId;
  readonly token: string;
  /** What `{id}` in a path may stand for. */
  readonly children: { readonly source: string; readonly token: string };
};

async function makeTarget(home: HomeRegion, other: HomeRegion): Promise<Target> {
  const { id, token } = await makeWorkspace(home);
  const source = await call("POST", "/api/v1/sources", { token, body: { name: "Site" } });
  const body = { name: "CI", rights: ["viewer"] };
  const second = await call("POST", "/api/v1/tokens", { token, body });
  const children = { source: source.body.source.id, token: second.body.id };
  return { home, other, id, token, children };
}

function fill(path: string, { children }: Target): string {
  return (
    path
      .replace("{id}", path.includes("/tokens/") ? children.token : children.source)
      .replace("{version}", "1")
      .replace("{messageId}", "m1")
      // What the query has to say.
      .replace(/\/columns$/, "/columns?table=people")
  );
}

async function send(
  { method, described }: (typeof CALLS)[number],
  target: Target,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; code: string | undefined }> {
  const isOperator = described.security?.some((scheme) => "operator" in scheme) === true;
  const all = new Headers({
    authorization: `Bearer ${isOperator ? OPERATOR : target.token}`,
    "content-type": "application/json",
    ...headers,
  });
  const text = body === undefined ? null : JSON.stringify(body);
  const url = `https://homeport.example.com${path}`;
  const request = new Request(url, { method, headers: all, body: text });
  const services = makeServices();
  const response = (await handleApi(request, services)) ?? (await handleCensus(request, services));
  const answered = new TextDecoder().decode(await response?.arrayBuffer());
  const isProblem = response?.headers.get("content-type") === "application/problem+json";
  return {
    status: response?.status ?? 0,
    code: isProblem ? (JSON.parse(answered) as { code: string }).code : undefined,
  };
}

/** What holds the region: the row of the lock, and where the sources' events go. */
async function lockOf({ id, token }: Target) {
  const name = { kind: "workspace", workspaceId: id } as const;
  const stub = locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
  const row = await runInDurableObject(stub, (_, { storage }) =>
    storage.sql.exec("SELECT id, region FROM workspace").toArray(),
  );
  const { body } = await call("GET", "/api/v1/sources", { token });
  const places = body.data.map((source: { ingestRegion: string; archiveLocations: string[] }) => [
    source.ingestRegion,
    ...source.archiveLocations,
  ]);
  return { row, places: [...new Set(places.flat())] };
}

/** Tables of the object that would be this workspace in the other region. */
function twinTables({ id, home, other }: Target): Promise<unknown[]> {
  const twin = id.replace(`ws_${home}_`, `ws_${other}_`) as WorkspaceId;
  const name = { kind: "workspace", workspaceId: twin } as const;
  return runInDurableObject(locate(ENV.WORKSPACE, name, CONFIG.jurisdictions), (_, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'workspace'").toArray(),
  );
}

describe.each([
  ["eu", "us"],
  ["us", "eu"],
] as const)("a workspace in %s, told by every call to be in %s", (home, other) => {
  let target: Target;

  beforeEach(async () => {
    target = await makeTarget(home, other);
  });

  async function expectUnmoved(): Promise<void> {
    const { ingestRegionDefault, locations } = HOME_REGIONS[home];
    const { row, places } = await lockOf(target);
    expect(row).toEqual([{ id: target.id, region: home }]);
    // A us workspace may let its events wait at eu1; where they are archived stays at home.
    const mayBe = home === "us" ? ["eu1"] : [];
    const allowed = [ingestRegionDefault, ...locations, ...mayBe];
    expect(places.filter((place) => !allowed.includes(place as never))).toEqual([]);
    expect(await twinTables(target)).toEqual([]);
  }

  it.each(CALLS)("$name", async (operation) => {
    new FakeS3().install();
    const schema = operation.described.requestBody?.content["application/json"]?.schema;
    const body = schema === undefined ? undefined : sampleOf(schema);
    const path = fill(operation.path, target);
    const fields = regionFields(other);

    const plain = await send(operation, target, path, { body });
    for (const [name, value] of Object.entries(fields)) {
      const separator = path.includes("?") ? "&" : "?";
      await send(operation, target, `${path}${separator}${name}=${String(value)}`, { body });
    }
    const headers = Object.fromEntries(HEADERS.map((name) => [name, other]));
    await send(operation, target, path, { body, headers });
    await send(operation, target, path.replace(`_${home}_`, `_${other}_`), { body });
    for (const smuggled of smuggledBodies(body ?? {}, fields)) {
      if (operation.method === "GET" || operation.method === "DELETE") break;
      await send(operation, target, path, { body: smuggled });
    }

    // The body without the smuggled field is understood: what is refused is the field.
    expect(["invalid_request", "invalid_query", "invalid_json"]).not.toContain(plain.code);
    await expectUnmoved();
  });
});

describe("smuggledBodies()", () => {
  it("puts the field into each object of a body, one at a time", () => {
    const body = { a: { b: [{ c: 1 }] } };

    expect(smuggledBodies(body, { region: "us" })).toEqual([
      { a: { b: [{ c: 1 }] }, region: "us" },
      { a: { b: [{ c: 1 }], region: "us" } },
      { a: { b: [{ c: 1, region: "us" }] } },
    ]);
  });
});

describe("the region lock", () => {
  it("stands after a race of all that could change it", async () => {
    const target = await makeTarget("eu", "us");
    const { token, id } = target;
    const { body } = await call("GET", "/api/v1/workspace/config", { token });
    const creation = { id, name: "Acme", region: "us", inviteSha256: "0", createdAtMs: 1 } as const;
    const admin = makeServices().workspaceAdmin(id);

    await Promise.all(
      Array.from({ length: 5 }, () => [
        call("PATCH", "/api/v1/workspace", { token, body: { region: "us" } }),
        call("PATCH", "/api/v1/workspace", { token, body: { name: "Renamed" } }),
        call("PUT", "/api/v1/workspace/config", { token, body: { ...body, region: "us" } }),
        admin.create(creation),
        admin.create({ ...creation, region: "eu" }),
      ]).flat(),
    );

    expect((await lockOf(target)).row).toEqual([{ id, region: "eu" }]);
    expect(await twinTables(target)).toEqual([]);
  });

  it("follows from the id when the object was restored to before its creation", async () => {
    const { id } = await makeWorkspace("eu");
    const name = { kind: "workspace", workspaceId: id } as const;
    const stub = locate(ENV.WORKSPACE, name, CONFIG.jurisdictions);
    await runInDurableObject(stub, async (_, { storage }) => {
      await storage.deleteAll();
    });

    const answer = await makeServices()
      .workspaceAdmin(id)
      .create({ id, name: "Acme", region: "us", inviteSha256: "0", createdAtMs: 1 });

    expect(answer).toEqual({ ok: false, error: { kind: "region-locked", region: "eu" } });
  });
});
