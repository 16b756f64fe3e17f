import type { WorkspaceId } from "../core/ids.ts";
import type { EvidenceView } from "../egress/evidence.ts";
import type { ArchiveLocation } from "../region/regions.ts";
import type { AuditEntry } from "./audit.ts";
import type { SignedHead } from "./audit-head.ts";

/** What a workspace's object knows of its own residency. */
export type ResidencyFacts = {
  readonly workspaceId: WorkspaceId;
  /** The entry of the audit chain that wrote the region lock. */
  readonly lock: AuditEntry;
  /** How often a change of the region was refused, ever. */
  readonly regionChangesRefused: number;
  readonly head: SignedHead;
  readonly headFiles: HeadFiles;
  readonly sources: readonly { readonly archiveLocations: readonly ArchiveLocation[] }[];
  readonly evidence: EvidenceView;
};

/** Which heads of days stand in a bucket, and which still wait for one. */
export type HeadFiles = {
  readonly last: { readonly day: string; readonly location: string } | null;
  readonly daysWaiting: readonly string[];
};
