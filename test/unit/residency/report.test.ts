import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { EvidenceView } from "../../../src/egress/evidence.ts";
import { HOST_LEVELS } from "../../../src/residency/host-levels.ts";
import { NOT_GUARANTEED, notGuaranteedFor } from "../../../src/residency/not-guaranteed.ts";
import { formatPage, PAGE_POLICY } from "../../../src/residency/page.ts";
import { buildReport } from "../../../src/residency/report.ts";
import { START_MS } from "../../support/audit-chain.ts";
import { HOUR_MS, makeFacts, QUEUE_NAME, RANGE, SETTINGS } from "../../support/residency-facts.ts";

const DOCUMENT = readFileSync("docs/residency.md", "utf8");

async function report(evidence: Partial<EvidenceView> = {}, settings = SETTINGS) {
  const facts = await makeFacts(evidence);
  return buildReport(facts, settings, { range: RANGE, nowMs: RANGE.toMs });
}

function object(standing: string, name = QUEUE_NAME) {
  return { object: name, kind: "queue", standing, firstAtMs: START_MS, lastAtMs: START_MS };
}

const HOST = {
  host: "s3.eu-west-1.amazonaws.com",
  purpose: "archive",
  level: "platform",
  requests: 3,
  bytesSent: 300,
  bytesReceived: 30,
  firstAtMs: START_MS,
  lastAtMs: START_MS,
} as const;

describe("buildReport()", () => {
  it.each([
    ["jurisdiction:eu", "jurisdiction", true],
    ["jurisdiction:us", "jurisdiction", false],
    ["hint:apac", "best-effort", false],
    ["simulated:eu", "none", true],
    ["simulated:us", "none", false],
    ["", "none", false],
  ] as const)(
    "of an eu queue that said %j: %s, as wanted %s",
    async (said, evidence, isAsWanted) => {
      const { objects } = await report({ objects: [object(said)] });

      expect(objects).toMatchObject([{ wanted: "jurisdiction:eu", evidence, isAsWanted }]);
    },
  );

  it("takes an object of a name that is none of ours as not where it should be", async () => {
    const { objects } = await report({ objects: [object("jurisdiction:eu", "queue:other")] });

    expect(objects).toMatchObject([{ wanted: null, isAsWanted: false }]);
  });

  it("says which location a host stands for, and what its level means", async () => {
    const { hosts } = await report({ hosts: [HOST] });

    expect(hosts).toMatchObject([
      {
        locations: [{ location: "eu-west-1", region: "eu" }],
        levelMeans: HOST_LEVELS.platform,
        requests: 3,
        bytesSent: 300,
      },
    ]);
  });

  it("adds up places over the hours and says in which region they are", async () => {
    const at = (colo: string, hour: number, count: number) =>
      ({ colo, outcome: "accepted", hourMs: START_MS + hour * HOUR_MS, count }) as const;
    const { edges } = await report({ edges: [at("DUB", 1, 2), at("DUB", 2, 3), at("NRT", 1, 1)] });

    expect(edges).toEqual([
      { colo: "DUB", outcome: "accepted", count: 5, region: "eu" },
      { colo: "NRT", outcome: "accepted", count: 1, region: null },
    ]);
  });

  it("counts the sources that may use a location", async () => {
    const { archiveLocations } = await report();

    expect(archiveLocations.map(({ location, sources }) => [location, sources])).toEqual([
      ["eu-west-1", 2],
      ["eu-central-1", 1],
    ]);
  });

  it("says that a simulated deployment is no evidence", async () => {
    const made = await report({}, { ...SETTINGS, jurisdictions: "simulated" });

    expect(made.jurisdictions.isEvidence).toBe(false);
    expect(made.notGuaranteed[0]?.id).toBe("simulated");
  });

  it("names its lock by the audit entry that wrote it", async () => {
    const { lock } = await report();

    expect(lock).toMatchObject({ region: "eu", by: "operator", auditSeq: 1, changesRefused: 2 });
  });
});

describe("what is not guaranteed", () => {
  it.each(NOT_GUARANTEED.map(({ title }) => title))(
    "%s: stands in docs/residency.md as well",
    (title) => {
      expect(DOCUMENT).toContain(`- **${title}`);
    },
  );

  it("names best-effort ingest regions to us workspaces only", () => {
    const ids = (home: "eu" | "us") =>
      notGuaranteedFor(home, { isSimulated: false }).map(({ id }) => id);

    expect([
      ids("us").includes("best-effort-ingest"),
      ids("eu").includes("best-effort-ingest"),
    ]).toEqual([true, false]);
  });
});

describe("levels of hosts", () => {
  it.each(Object.entries(HOST_LEVELS))("docs/residency.md explains %s", (level, means) => {
    expect(DOCUMENT.replaceAll(/\s+/g, " ")).toContain(`| \`${level}\` | ${means} |`);
  });
});

describe("formatPage()", () => {
  it("escapes whatever stands in the evidence", async () => {
    const page = formatPage(
      await report({ hosts: [{ ...HOST, host: "<script>alert(1)</script>" }] }),
    );

    expect(page).not.toContain("<script");
  });

  it("loads nothing: no script, no link, no image, no address to go to", async () => {
    const page = formatPage(await report({ hosts: [HOST] }));

    expect(page).not.toMatch(
      /<(?:script|link|img|iframe|object|a|form|base|meta http)\b|url\(|@import/i,
    );
  });

  it("allows its own style by its hash and nothing else", async () => {
    const page = formatPage(await report());
    const [, style = ""] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));

    expect(PAGE_POLICY).toBe(
      `default-src 'none'; style-src 'sha256-${Buffer.from(hash).toString("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
  });

  it("warns of an object that was not where it should be", async () => {
    const page = formatPage(await report({ objects: [object("jurisdiction:us")] }));

    expect(page).toContain("1 objects reported another place than they should.");
  });

  it("says all that is not guaranteed", async () => {
    const made = await report();
    const page = formatPage(made);

    expect(made.notGuaranteed.filter(({ title }) => !page.includes(`<dt>${title}</dt>`))).toEqual(
      [],
    );
  });

  it("says how many refusals it leaves out", async () => {
    const refusal = { host: "h", purpose: "archive", reason: "host-not-allowed", count: 1 };
    const refusals = Array.from({ length: 502 }, (_, i) => ({ ...refusal, hourMs: i * HOUR_MS }));

    expect(formatPage(await report({ refusals }))).toContain("2 more are in the JSON report.");
  });
});
