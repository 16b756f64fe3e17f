import { describe, expect, it } from "vitest";

import { call, CONFIG, makeServices, makeWorkspace } from "./support/api.ts";

/** A source of a workspace there, and what a call for its snippets needs. */
async function makeSource(region: "eu" | "us", settings: Record<string, unknown> = {}) {
  const { token } = await makeWorkspace(region);
  const made = await call("POST", "/api/v1/sources", {
    token,
    body: { name: "Site", ...settings },
  });
  return {
    token,
    id: made.body.source.id as string,
    writeKey: made.body.writeKey as string,
    path: `/api/v1/sources/${made.body.source.id}/snippets`,
  };
}

describe("snippets", () => {
  it("have the source's key and its region's host", async () => {
    const { token, path, id, writeKey } = await makeSource("eu");

    const { body } = await call("GET", path, { token });

    expect(body).toMatchObject({
      sourceId: id,
      ingestRegion: "eu1",
      ingestGuarantee: "jurisdiction",
      host: "events.eu1.example.com",
      writeKey,
    });
    expect(body.snippets[0].code).toContain(`key = "${writeKey}"`);
  });

  it("say where the guarantee is only best effort", async () => {
    const { token, path } = await makeSource("us", { ingestRegion: "ap1" });

    const { body } = await call("GET", path, { token });

    expect(body).toMatchObject({ host: "events.ap1.example.com", ingestGuarantee: "best-effort" });
  });

  it("take the newest of two live keys", async () => {
    const { token, path, id } = await makeSource("eu");
    const next = await call("POST", `/api/v1/sources/${id}/write-keys`, { token });

    const { body } = await call("GET", path, { token });

    expect(body.writeKey).toBe(next.body.writeKey);
  });

  it("leave a place for the key when none is live", async () => {
    const { token, path, id } = await makeSource("eu");
    await call("DELETE", `/api/v1/sources/${id}/write-keys/1`, { token });

    const { body } = await call("GET", path, { token });

    expect(body.writeKey).toBeNull();
    expect(body.snippets[0].code).toContain('key = "<WRITE_KEY>"');
  });

  it("are refused rather than made with another region's host", async () => {
    const { token, path } = await makeSource("us", { ingestRegion: "au1" });
    const config = { ...CONFIG, hosts: new Map([["events.us1.example.com", "us1" as const]]) };

    const { status, body } = await call("GET", path, { token, services: makeServices({ config }) });

    expect([status, body.code]).toEqual([409, "no_regional_host"]);
    expect(JSON.stringify(body)).not.toContain("events.us1");
  });

  it("may be read by viewers, and by nobody of another workspace", async () => {
    const { token, path } = await makeSource("eu");
    const body = { name: "Look", rights: ["viewer"] };
    const made = await call("POST", "/api/v1/tokens", { token, body });
    const stranger = await makeWorkspace("eu");

    const viewer = await call("GET", path, { token: made.body.token as string });
    const other = await call("GET", path, { token: stranger.token });

    expect([viewer.status, other.status]).toEqual([200, 404]);
  });
});
