import { describe, expect, it } from "vitest";

import type { HomeRegion } from "../../src/core/ids.ts";
import { parseWriteKey } from "../../src/region/write-key.ts";
import { HOME_REGIONS } from "../../src/region/regions.ts";
import { call, CONFIG, makeWorkspace } from "./support/api.ts";

const CONFIG_PATH = "/api/v1/workspace/config";

/** A workspace with two sources, and its exported configuration. */
async function exported(region: HomeRegion) {
  const { token } = await makeWorkspace(region);
  for (const name of ["Site", "App"]) {
    await call("POST", "/api/v1/sources", { token, body: { name } });
  }
  const { body } = await call("GET", CONFIG_PATH, { token });
  return { token, document: body };
}

async function sourcesOf(token: string) {
  const { body } = await call("GET", "/api/v1/sources", { token });
  return body.data;
}

describe.each([
  ["eu", "us"],
  ["us", "eu"],
] as const)("a configuration from %s applied in %s", (from, to) => {
  it("gives the sources new ids, keys of the new region, and its places", async () => {
    const old = await exported(from);
    const { token } = await makeWorkspace(to);

    await call("PUT", CONFIG_PATH, { token, body: old.document });

    const sources = await sourcesOf(token);
    const { ingestRegionDefault, locations } = HOME_REGIONS[to];
    expect(sources.map((source: { name: string }) => source.name)).toEqual(["Site", "App"]);
    for (const source of sources) {
      expect(source).toMatchObject({
        ingestRegion: ingestRegionDefault,
        archiveLocations: locations,
      });
      const key = parseWriteKey(
        source.writeKeys[0].writeKey,
        (home) => CONFIG.writeKeySecrets[home],
      );
      expect(key).toMatchObject({ ok: true, value: { region: to, sourceId: source.id } });
    }
  });

  it("answers for each source which host and which key its SDK has to be given", async () => {
    const old = await exported(from);
    const { token } = await makeWorkspace(to);

    const { body } = await call("PUT", CONFIG_PATH, { token, body: old.document });

    const [source] = await sourcesOf(token);
    const entry = body.plan.find((line: { kind: string }) => line.kind === "source");
    expect(entry).toMatchObject({
      action: "create",
      id: source.id,
      sdk: {
        replaces: old.document.sources[0].id,
        hostBefore: `events.${HOME_REGIONS[from].ingestRegionDefault}.example.com`,
        host: `events.${HOME_REGIONS[to].ingestRegionDefault}.example.com`,
        writeKey: source.writeKeys[0].writeKey,
      },
    });
  });

  it("changes nothing when it is only planned", async () => {
    const old = await exported(from);
    const { token } = await makeWorkspace(to);

    const { body } = await call("PUT", `${CONFIG_PATH}?plan=true`, { token, body: old.document });

    expect([body.applied, await sourcesOf(token)]).toEqual([false, []]);
  });

  it("changes nothing when it is applied again", async () => {
    const old = await exported(from);
    const { token } = await makeWorkspace(to);
    await call("PUT", CONFIG_PATH, { token, body: old.document });
    const before = await sourcesOf(token);

    await call("PUT", CONFIG_PATH, { token, body: old.document });

    expect(await sourcesOf(token)).toEqual(before);
  });

  it("leaves the old workspace as it was", async () => {
    const old = await exported(from);
    const before = await sourcesOf(old.token);
    const { token } = await makeWorkspace(to);

    await call("PUT", CONFIG_PATH, { token, body: old.document });

    expect(await sourcesOf(old.token)).toEqual(before);
  });
});

describe("a configuration with sections that this version has not", () => {
  it("is refused for syncs, and says that there are none", async () => {
    const { token, document } = await exported("eu");

    const answer = await call("PUT", CONFIG_PATH, {
      token,
      body: { ...document, syncs: [{ id: "syn_eu_1" }] },
    });

    expect([answer.status, answer.body.errors]).toEqual([
      422,
      [{ path: "syncs", message: "has to be empty: this version has none" }],
    ]);
  });

  it("is refused for a section that nobody knows", async () => {
    const { token, document } = await exported("eu");

    const answer = await call("PUT", CONFIG_PATH, { token, body: { ...document, models: [] } });

    expect([answer.status, answer.body.errors]).toEqual([
      422,
      [{ path: "models", message: "is not a field of this call" }],
    ]);
  });
});
