import type { EvidenceView } from "../../src/egress/evidence.ts";
import type { ReportSettings } from "../../src/residency/report.ts";
import type { ResidencyFacts } from "../../src/workspace/residency-facts.ts";
import { headOf, newChain, START_MS, WORKSPACE_ID } from "./audit-chain.ts";

const SUFFIX = WORKSPACE_ID.slice("ws_eu_".length);
export const QUEUE_NAME = `queue:src_eu_${SUFFIX}0000000000:eu1:0`;
export const HOUR_MS = 3_600_000;
export const RANGE = { fromMs: START_MS, toMs: START_MS + 24 * HOUR_MS };

const NO_EVIDENCE: EvidenceView = { objects: [], hosts: [], refusals: [], edges: [], isCut: false };

/** What a workspace in eu knows, with one object and one host, and whatever a test adds. */
export async function makeFacts(evidence: Partial<EvidenceView> = {}): Promise<ResidencyFacts> {
  const chain = await newChain();
  const [lock] = chain.entries;
  if (lock === undefined) throw new Error("Cannot test: the chain has no entry");
  return {
    workspaceId: WORKSPACE_ID,
    lock,
    regionChangesRefused: 2,
    head: await headOf(chain, START_MS),
    headFiles: { last: { day: "2026-11-22", location: "eu-west-1" }, daysWaiting: [] },
    sources: [
      { archiveLocations: ["eu-west-1", "eu-central-1"] },
      { archiveLocations: ["eu-west-1"] },
    ],
    evidence: { ...NO_EVIDENCE, ...evidence },
  };
}

/** A production deployment with AWS buckets. */
export const SETTINGS: ReportSettings = {
  version: "1.2.3",
  jurisdictions: "enforced",
  buckets: {
    "us-west-2": { location: "us-west-2", url: "https://s3.us-west-2.amazonaws.com/w" },
    "us-east-1": { location: "us-east-1", url: "https://s3.us-east-1.amazonaws.com/e" },
    "eu-west-1": { location: "eu-west-1", url: "https://s3.eu-west-1.amazonaws.com/d" },
    "eu-central-1": { location: "eu-central-1", url: "https://s3.eu-central-1.amazonaws.com/f" },
  },
};
