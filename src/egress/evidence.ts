/**
 * What each object can show of where it ran and whom it contacted. It is kept in the workspace's own
 * jurisdiction and holds no personal data: hosts, purposes, counts and times only.
 */

/**
 * How it is known that a host is in the region: `platform` is the region's own S3, STS or R2
 * endpoint; the others are the levels of docs/residency.md.
 */
export type HostLevel =
  | "platform"
  | "vendor_endpoint"
  | "region_by_account"
  | "declared"
  | "listed"
  | "none"
  | "development";

/** One object's contacts with one host for one purpose. Totals since its storage began. */
export type HostEvidence = {
  readonly host: string;
  /** For example `archive`; see `EgressContext`. */
  readonly purpose: string;
  readonly level: HostLevel;
  readonly requests: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
};

/** Requests that an object refused to send, within one hour. Totals of that hour. */
export type RefusalEvidence = {
  readonly host: string;
  readonly purpose: string;
  readonly reason: string;
  /** Start of the hour, epoch ms. */
  readonly hourMs: number;
  readonly count: number;
};

/** Requests that came in through one edge place, within one hour. Totals of that hour. */
export type EdgeEvidence = {
  /** Cloudflare's code of the place, e.g. `DUB`; `unknown` when the request named none. */
  readonly colo: string;
  /** `accepted` was inside or allowed in transit; the others were outside. */
  readonly outcome: "accepted" | "transit" | "held" | "rejected";
  readonly hourMs: number;
  readonly count: number;
};

/**
 * What one object reports to its workspace: totals, so that a report that arrives twice counts once
 * and one that is lost is made good by the next.
 */
export type EvidenceReport = {
  /** The object's name as placement gives it, e.g. kind and source; never a user's id. */
  readonly object: string;
  readonly kind: string;
  /** What the object's id said: a jurisdiction, a location hint, or that it is only simulated. */
  readonly standing: string;
  readonly atMs: number;
  readonly hosts: readonly HostEvidence[];
  readonly refusals: readonly RefusalEvidence[];
  readonly edges: readonly EdgeEvidence[];
};

/** What an object said of itself, and when it was heard of first and last. */
export type ObjectEvidence = {
  readonly object: string;
  readonly kind: string;
  readonly standing: string;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
};

/** From when to when, epoch ms; the end is not part of it. */
export type EvidenceRange = { readonly fromMs: number; readonly toMs: number };

/**
 * All that a workspace's objects reported, added up over them. Hosts and objects are those seen
 * within the range, with totals since each object began; refusals and edges are of its hours, newest
 * first.
 */
export type EvidenceView = {
  readonly objects: readonly ObjectEvidence[];
  readonly hosts: readonly HostEvidence[];
  readonly refusals: readonly RefusalEvidence[];
  readonly edges: readonly EdgeEvidence[];
  /** Whether a list was cut at its limit; a shorter range shows the rest. */
  readonly isCut: boolean;
};

/** Days for which a workspace keeps evidence: 36 months. */
export const EVIDENCE_DAYS_MAX = 1096;
