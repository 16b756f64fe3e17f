import type { HomeRegion, TokenId, WorkspaceId } from "../core/ids.ts";
import type { Result } from "../core/result.ts";
import type { EdgeAnswer, EdgePolicy } from "../region/edge.ts";
import type { EvidenceRange, EvidenceView } from "../egress/evidence.ts";
import type { ConnectionRefusal } from "../sync/connection/connection.ts";
import type { Services } from "../services.ts";
import type { ConnectionsPort, SourceLookRefusal } from "./connection-ports.ts";
import type { DestinationsPort } from "./delivery-ports.ts";
import type { AccessPort, PrivacyPort } from "./privacy-ports.ts";
import type { DestinationRefusal } from "./destination.ts";
import type { AlertsPort } from "./alert-ports.ts";
import type { Alert } from "./alerts.ts";
import type { AuditEntry } from "./audit.ts";
import type { SignedHead } from "./audit-head.ts";
import type { ConfigDocument, PlanEntry } from "./config-document.ts";
import type { Departure, LeavingPort, LeavingRefusal } from "./leaving-ports.ts";
import type { Idempotency, IdempotencyRefusal } from "./idempotency.ts";
import type { ReplaysPort } from "./replay-ports.ts";
import type { RegionLocked } from "./region-lock.ts";
import type { ResidencyFacts } from "./residency-facts.ts";
import type { Need } from "./rights.ts";
import type { Credential } from "./secrets.ts";
import type { QueueRef } from "./source-config.ts";
import type { SourceDraft, SourcePatch, SourceRefusal } from "./source.ts";
import type { SourceView, WriteKeyView } from "./source-view.ts";
import type { StoragePort, StorageRefusal } from "./storage-ports.ts";
import type { SyncRefusal, SyncsPort, SyncWebhookPort } from "./sync-ports.ts";
import type { AccessRefusal, TokenDraft, TokenView } from "./token.ts";
import type { KeyRefusal } from "./write-key-versions.ts";

/**
 * What the management API asks of the objects. Every method of a workspace checks the credential
 * itself, in the same turn in which it acts, so that no caller can forget to.
 */
export interface WorkspaceAdminPort
  extends
    AccessPort,
    AlertsPort,
    ConnectionsPort,
    DestinationsPort,
    LeavingPort,
    PrivacyPort,
    ReplaysPort,
    StoragePort,
    SyncsPort,
    SyncWebhookPort {
  /** Writes the region lock. The caller is the directory, for the operator. */
  create(creation: Creation): Promise<Result<WorkspaceView, RegionLocked>>;
  /** Exchanges the invite for an owner token, once. */
  redeem(
    inviteSha256: string,
    idempotency?: Idempotency,
  ): Promise<Answer<{ workspace: WorkspaceView; token: string }>>;
  /**
   * Only checks the credential, for calls that are served elsewhere; with `sourceId` also that the
   * source is or was one of this workspace, because the archive of a deleted one stays.
   */
  authorize(call: AdminCall, sourceId?: string): Promise<Answer<{ actor: TokenId }>>;
  describe(call: AdminCall): Promise<Answer<WorkspaceDetails>>;
  change(call: AdminCall, change: WorkspaceChange): Promise<Answer<WorkspaceDetails>>;
  exportConfig(call: AdminCall): Promise<Answer<ConfigDocument>>;
  /** Plans, and unless `plan` is set applies all of it or nothing. */
  applyConfig(
    call: AdminCall,
    document: ConfigDocument,
    options: { plan: boolean; prune: boolean },
  ): Promise<Answer<readonly PlanEntry[]>>;
  tokens(call: AdminCall): Promise<Answer<readonly TokenView[]>>;
  addToken(call: AdminCall, draft: TokenDraft): Promise<Answer<{ view: TokenView; text: string }>>;
  revokeToken(call: AdminCall, id: string): Promise<Answer<TokenView>>;
  audit(call: AdminCall, page: Page): Promise<Answer<PageOf<AuditEntry>>>;
  /** The head of the chain, signed now, and those of its days. An export is itself recorded first. */
  auditHead(call: AdminCall, isExport: boolean): Promise<Answer<AuditHeads>>;
  /**
   * Records that event bodies of `subject` (a source's or another id of ours) are about to be read;
   * whatever shows bodies asks this first, and with a call that needs `events:read`.
   */
  noteReading(call: AdminCall, subject: string): Promise<Answer<{ actor: TokenId }>>;
  /** What the residency report of that period is made of. */
  residency(call: AdminCall, range: EvidenceRange): Promise<Answer<ResidencyFacts>>;
  sources(call: AdminCall, page: Page): Promise<Answer<PageOf<SourceView>>>;
  source(call: AdminCall, id: string): Promise<Answer<SourceView>>;
  addSource(call: AdminCall, draft: SourceDraft): Promise<Answer<SourceView>>;
  changeSource(call: AdminCall, id: string, patch: SourcePatch): Promise<Answer<SourceView>>;
  addWriteKey(call: AdminCall, id: string): Promise<Answer<WriteKeyView>>;
  retireWriteKey(call: AdminCall, id: string, version: number): Promise<Answer<WriteKeyView>>;
  /** Every queue that ever asked for the source's config, also once the source is deleted. */
  queues(call: AdminCall, id: string): Promise<Answer<readonly QueueRef[]>>;
  /** What the workspace's objects reported of where they run and whom they contacted. */
  evidence(call: AdminCall, range: EvidenceRange): Promise<Answer<EvidenceView>>;
  /** What is wrong now. */
  alerts(call: AdminCall): Promise<Answer<readonly Alert[]>>;
}

/** What the management API asks of a region's directory. */
export interface DirectoryAdminPort {
  /** Makes a workspace in this region and an invite into it. The operator was checked before. */
  create(
    name: string,
    idempotency?: Idempotency,
  ): Promise<Answer<{ workspace: WorkspaceView; invite: string }>>;
  /** Takes over a workspace's new name, for the operator's list. */
  rename(id: WorkspaceId, name: string): Promise<void>;
  /** Takes a deleted workspace off the list, and keeps its certificate; harmless to repeat. */
  forget(departure: Departure): Promise<void>;
  departure(id: WorkspaceId): Promise<Departure | undefined>;
}

/** What the management API reaches besides what every handler may. */
export interface ApiServices extends Services {
  workspaceAdmin(id: WorkspaceId): WorkspaceAdminPort;
  directoryAdmin(region: HomeRegion): DirectoryAdminPort;
}

/** Who calls, what the call needs, and what it is repeated by. */
export type AdminCall = {
  readonly credential: Credential;
  readonly need: Need;
  readonly idempotency?: Idempotency;
};

export type Creation = {
  readonly id: WorkspaceId;
  readonly name: string;
  readonly region: HomeRegion;
  readonly inviteSha256: string;
  readonly createdAtMs: number;
};

export type WorkspaceView = {
  readonly id: WorkspaceId;
  readonly name: string;
  readonly region: HomeRegion;
  readonly createdAt: string;
};

/** A workspace with what its owner may set. */
export type WorkspaceDetails = WorkspaceView & {
  readonly edgePolicy: EdgePolicy;
  readonly edgeAnswer: EdgeAnswer;
};

/** What an owner may set of the workspace itself; what is left out stays. */
export type WorkspaceSettings = {
  readonly name?: string;
  readonly edgePolicy?: EdgePolicy;
  readonly edgeAnswer?: EdgeAnswer;
};

/** `region` is carried as it was sent, to be refused where the lock is. */
export type WorkspaceChange = WorkspaceSettings & { readonly region?: unknown };

/** The head of an audit chain and what it was at the end of earlier days. */
export type AuditHeads = { readonly head: SignedHead; readonly days: readonly SignedHead[] };

export type Page = { readonly after?: string; readonly limit: number };
export type PageOf<T> = { readonly data: readonly T[]; readonly next: string | undefined };

export type Answer<T> = Result<T, AdminRefusal>;

export type AdminRefusal =
  | AccessRefusal
  | IdempotencyRefusal
  | SourceRefusal
  | StorageRefusal
  | KeyRefusal
  | LeavingRefusal
  | DestinationRefusal
  | SyncRefusal
  | ConnectionRefusal
  | SourceLookRefusal
  | RegionLocked
  /** No bucket of the region took the request's entry in the journal, so nothing counts. */
  | { readonly kind: "journal-unanswered" }
  | {
      readonly kind: "not-found";
      readonly what:
        | "workspace"
        | "source"
        | "token"
        | "destination"
        | "filter"
        | "regulation"
        | "subject-access"
        | "replay"
        | "sync"
        | "connection";
    }
  | { readonly kind: "edge-policy-not-allowed"; readonly home: HomeRegion }
  | { readonly kind: "invite-invalid" }
  | { readonly kind: "suppressed-in-workspace" }
  | { readonly kind: "last-owner-token" }
  | {
      readonly kind: "limit-reached";
      readonly what:
        | "sources"
        | "tokens"
        | "destinations"
        | "suppressions"
        | "subject-accesses"
        | "syncs"
        | "connections";
      readonly max: number;
    };

/** Sources of one workspace, deleted ones included; a plan and a poke walk all of them. */
export const SOURCES_MAX = 1000;
