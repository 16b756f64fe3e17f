import { describe, expect, it } from "vitest";

import { handleApi } from "../../src/api/router.ts";
import type { WorkspaceId } from "../../src/core/ids.ts";
import type { EvidenceReport } from "../../src/egress/evidence.ts";
import { isHeadSigned } from "../../src/workspace/audit-head.ts";
import { call, makeServices, makeWorkspace } from "./support/api.ts";

const AT_MS = Date.UTC(2026, 5, 1, 12);
const JUNE = "from=2026-06-01T00:00:00.000Z&to=2026-07-01T00:00:00.000Z";

function report(id: WorkspaceId): EvidenceReport {
  const object = `queue:src_eu_${id.slice("ws_eu_".length)}0000000000:eu1:0`;
  return {
    object,
    kind: "queue",
    standing: "simulated:eu",
    atMs: AT_MS,
    hosts: [
      {
        host: "s3.eu-west-1.amazonaws.com",
        purpose: "archive",
        level: "platform",
        requests: 2,
        bytesSent: 200,
        bytesReceived: 20,
        firstAtMs: AT_MS,
        lastAtMs: AT_MS,
      },
    ],
    refusals: [
      {
        host: "s3.us-west-2.amazonaws.com",
        purpose: "archive",
        reason: "host-not-allowed",
        hourMs: AT_MS,
        count: 1,
      },
    ],
    edges: [{ colo: "DUB", outcome: "accepted", hourMs: AT_MS, count: 7 }],
  };
}

async function workspaceWithEvidence() {
  const made = await makeWorkspace("eu");
  await makeServices().workspace(made.id).takeEvidence(report(made.id));
  return made;
}

describe("GET /api/v1/residency", () => {
  it("shows what objects reported within the period", async () => {
    const { id, token } = await workspaceWithEvidence();

    const { body } = await call("GET", `/api/v1/residency?${JUNE}`, { token });

    expect(body).toMatchObject({
      workspace: { id, region: "eu" },
      hosts: [
        {
          host: "s3.eu-west-1.amazonaws.com",
          level: "platform",
          locations: [{ location: "eu-west-1", region: "eu" }],
        },
      ],
      refusals: [{ host: "s3.us-west-2.amazonaws.com", reason: "host-not-allowed", count: 1 }],
      edges: [{ colo: "DUB", outcome: "accepted", count: 7, region: "eu" }],
    });
    expect(body.objects).toContainEqual(
      expect.objectContaining({ kind: "queue", reported: "simulated:eu", isAsWanted: true }),
    );
  });

  it("leaves out what was seen in another period", async () => {
    const { token } = await workspaceWithEvidence();
    const may = "from=2026-05-01T00:00:00.000Z&to=2026-06-01T00:00:00.000Z";

    const { body } = await call("GET", `/api/v1/residency?${may}`, { token });

    expect([body.hosts, body.refusals, body.edges]).toEqual([[], [], []]);
  });

  it("shows the workspace's own object, and that simulated is no evidence", async () => {
    const { id, token } = await makeWorkspace("eu");

    const { body } = await call("GET", "/api/v1/residency", { token });

    expect(body.jurisdictions).toEqual({ mode: "simulated", isEvidence: false });
    expect(body.objects).toContainEqual(
      expect.objectContaining({
        object: `workspace:${id}`,
        reported: "simulated:eu",
        wanted: "jurisdiction:eu",
        evidence: "none",
      }),
    );
  });

  it("names the lock's audit entry, and how often a change was refused", async () => {
    const { token } = await makeWorkspace("us");
    await call("PATCH", "/api/v1/workspace", { token, body: { region: "eu" } });

    const { body } = await call("GET", "/api/v1/residency", { token });

    const audit = await call("GET", "/api/v1/audit", { token });
    expect(body.lock).toMatchObject({
      region: "us",
      by: "operator",
      auditHash: audit.body.data[0].hash,
      changesRefused: 1,
    });
  });

  it("carries the chain's head, signed", async () => {
    const { id, token } = await makeWorkspace("eu");

    const { body } = await call("GET", "/api/v1/residency", { token });

    const { at, headFiles: _headFiles, ...head } = body.audit;
    expect(await isHeadSigned({ ...head, workspaceId: id, atMs: Date.parse(at) })).toBe(true);
  });

  it("may be read with a viewer's token", async () => {
    const { token } = await makeWorkspace("eu");
    const viewer = await call("POST", "/api/v1/tokens", {
      token,
      body: { name: "Auditor", rights: ["viewer"] },
    });

    const answer = await call("GET", "/api/v1/residency", { token: viewer.body.token });

    expect(answer.status).toBe(200);
  });

  it.each([
    "from=2026-07-01T00:00:00.000Z&to=2026-06-01T00:00:00.000Z",
    "from=yesterday",
    "format=pdf",
    "region=us",
  ])("is refused for the query %s", async (query) => {
    const { token } = await makeWorkspace("eu");

    const answer = await call("GET", `/api/v1/residency?${query}`, { token });

    expect([answer.status, answer.body.code]).toEqual([400, "invalid_query"]);
  });

  it("is a page that may load nothing, when it is asked for as one", async () => {
    const { id, token } = await workspaceWithEvidence();
    const url = `https://homeport.example.com/api/v1/residency?format=html&${JUNE}`;
    const request = new Request(url, { headers: { authorization: `Bearer ${token}` } });

    const response = await handleApi(request, makeServices());

    const page = (await response?.text()) ?? "";
    expect(response?.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response?.headers.get("content-security-policy")).toMatch(/^default-src 'none';/);
    expect(page).toContain(id);
    expect(page).toContain("s3.eu-west-1.amazonaws.com");
  });

  it("holds no name that a person typed", async () => {
    const { token } = await makeWorkspace("eu");
    await call("POST", "/api/v1/sources", { token, body: { name: "Jane Doe's site" } });
    await call("PATCH", "/api/v1/workspace", { token, body: { name: "Jane Doe Ltd" } });

    const { body } = await call("GET", "/api/v1/residency", { token });

    expect(JSON.stringify(body)).not.toMatch(/Jane|Doe/);
  });
});
