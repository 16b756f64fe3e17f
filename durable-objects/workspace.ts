import { parseConfig } from "../src/config.ts";
import { regionOf, type SourceId, type TokenId } from "../src/core/ids.ts";
import { err, ok, type Result } from "../src/core/result.ts";
import type { EvidenceRange, EvidenceReport } from "../src/egress/evidence.ts";
import type { EdgeCount } from "../src/region/edge.ts";
import { standing } from "../src/region/placement.ts";
import type { WorkspacePort } from "../src/services.ts";
import { newAuditKey } from "../src/workspace/audit-head.ts";
import type { ConfigDocument } from "../src/workspace/config-document.ts";
import type { Idempotency } from "../src/workspace/idempotency.ts";
import type {
  AdminCall,
  Answer,
  AuditHeads,
  Creation,
  Page,
  WorkspaceAdminPort,
  WorkspaceChange,
  WorkspaceDetails,
  WorkspaceView,
} from "../src/workspace/ports.ts";
import type { RegionLocked } from "../src/workspace/region-lock.ts";
import type { QueueRef, SourceConfig } from "../src/workspace/source-config.ts";
import type { SourceView } from "../src/workspace/source-view.ts";
import type { Source, SourceDraft, SourcePatch } from "../src/workspace/source.ts";
import type { TokenDraft } from "../src/workspace/token.ts";
import { DESTINATIONS } from "./offered-destinations.ts";
import { reach, type Env, type Reach } from "./reach.ts";
import { WorkspaceAlarm } from "./workspace-alarm.ts";
import { WorkspaceAudit } from "./workspace-audit.ts";
import { undoing, WorkspaceConfig } from "./workspace-config.ts";
import type { DeliveryParts } from "./workspace-delivery.ts";
import { WorkspaceDeparture, type DepartureParts } from "./workspace-departure.ts";
import { WorkspaceDestinations } from "./workspace-destinations.ts";
import { WorkspaceEvidence } from "./workspace-evidence.ts";
import { WorkspaceJournal } from "./workspace-journal.ts";
import { WorkspaceLeaving } from "./workspace-leaving.ts";
import type { PrivacyParts } from "./workspace-privacy.ts";
import { WorkspaceQueues } from "./workspace-queues.ts";
import { WorkspaceRegulations } from "./workspace-regulations.ts";
import { WorkspaceResidency } from "./workspace-residency.ts";
import { WorkspaceSelf } from "./workspace-self.ts";
import { WorkspaceSources } from "./workspace-sources.ts";
import { WorkspaceTokens } from "./workspace-tokens.ts";
import { WorkspaceTurn } from "./workspace-turn.ts";

/**
 * One workspace: its region lock, sources, tokens, audit chain and what is known of its queues.
 *
 * State: the tables of `workspace.schema.ts`. Alarm: see `WorkspaceAlarm`.
 */
export class Workspace extends WorkspaceDeparture implements WorkspacePort, WorkspaceAdminPort {
  readonly #turn: WorkspaceTurn;
  readonly #self: WorkspaceSelf;
  readonly #sources: WorkspaceSources;
  readonly #tokens: WorkspaceTokens;
  readonly #audit: WorkspaceAudit;
  readonly #document: WorkspaceConfig;
  readonly #queues: WorkspaceQueues;
  readonly #alarm: WorkspaceAlarm;
  readonly #residency: WorkspaceResidency;
  readonly #evidence: WorkspaceEvidence;
  readonly #reach: Reach;
  protected override readonly delivery: DeliveryParts;
  protected override readonly privacy: PrivacyParts;
  protected override readonly departure: DepartureParts;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const config = parseConfig(env as unknown as Record<string, unknown>);
    const stands = standing(ctx.id, config.jurisdictions);
    const { name } = stands;
    if (name.kind !== "workspace") {
      throw new Error("outside_jurisdiction: This object is no workspace");
    }
    this.#reach = reach(env, config);
    const home = regionOf(name.workspaceId);
    this.#turn = new WorkspaceTurn(ctx.storage, { id: name.workspaceId, home, config });
    this.#sources = new WorkspaceSources(this.#turn);
    this.#tokens = new WorkspaceTokens(this.#turn);
    this.#evidence = new WorkspaceEvidence(ctx.storage, stands);
    this.#audit = new WorkspaceAudit(this.#turn, ctx.storage.sql, this.#evidence);
    this.#self = new WorkspaceSelf(this.#turn, this.#tokens, this.#audit);
    this.#document = new WorkspaceConfig(this.#turn, this.#sources);
    this.#queues = new WorkspaceQueues(this.#turn, this.#reach);
    const parts = { queues: this.#queues, audit: this.#audit, evidence: this.#evidence };
    const regulations = new WorkspaceRegulations(this.#turn, this.#reach, this.#audit);
    const { notices } = this;
    const leaving = new WorkspaceLeaving({ ctx, turn: this.#turn, reach: this.#reach, ...parts });
    this.departure = { leaving, sources: this.#sources };
    const others = { regulations, leaving, notices };
    this.#alarm = new WorkspaceAlarm(ctx.storage, this.#turn, { ...parts, ...others });
    const journal = new WorkspaceJournal(this.#turn, this.#evidence);
    const arm = (): Promise<void> => this.#alarm.arm();
    this.privacy = { regulations, journal, arm };
    // Nothing is served by a state that has forgotten whom to forget.
    if (this.#turn.isCreated) void ctx.blockConcurrencyWhile(() => journal.check().then(arm));
    this.delivery = {
      turn: this.#turn,
      destinations: new WorkspaceDestinations(this.#turn, DESTINATIONS),
      announce: (id) => this.#announce(id),
      observer: () => this.#evidence.own.observer,
      alerts: (nowMs) => [this.#audit.alert(nowMs) ?? [], this.#evidence.alerts(nowMs)].flat(),
    };
    this.#residency = new WorkspaceResidency(this.#turn, parts, stands);
  }

  async create(creation: Creation): Promise<Result<WorkspaceView, RegionLocked>> {
    const auditKey = await newAuditKey();
    return this.#turn.transaction(() => this.#self.create(creation, auditKey));
  }

  async redeem(
    inviteSha256: string,
    idempotency?: Idempotency,
  ): Promise<Answer<{ workspace: WorkspaceView; token: string }>> {
    if (!this.#turn.isCreated) return err({ kind: "invite-invalid" });
    return this.#turn.once(idempotency, (nowMs) => ({
      work: () => this.#self.redeem(inviteSha256, nowMs),
    }));
  }

  async authorize(call: AdminCall, sourceId?: string): Promise<Answer<{ actor: TokenId }>> {
    return this.#turn.act(call, () => {
      const isHere = sourceId === undefined || this.#turn.tables.source(sourceId) !== undefined;
      if (!isHere) return err({ kind: "not-found", what: "source" });
      return ok({ actor: call.credential.tokenId });
    });
  }

  async describe(call: AdminCall): Promise<Answer<WorkspaceDetails>> {
    return this.#turn.act(call, () => this.#self.describe());
  }

  async change(call: AdminCall, change: WorkspaceChange): Promise<Answer<WorkspaceDetails>> {
    const answer = this.#turn.act(call, (by) => this.#self.change(by, change));
    if (answer.ok) await this.#self.tellDirectory(this.#reach);
    return answer;
  }

  async exportConfig(call: AdminCall) {
    return this.#turn.act(call, (by) => this.#document.export(by));
  }

  async applyConfig(
    call: AdminCall,
    document: ConfigDocument,
    options: { plan: boolean; prune: boolean },
  ) {
    const applied = undoing(() =>
      this.#turn.act(call, (by) => this.#document.apply(by, document, options)),
    );
    if (!applied.ok) return applied;
    for (const id of applied.value.changed) await this.#announce(id);
    await this.#self.tellDirectory(this.#reach);
    return ok(applied.value.plan);
  }

  async tokens(call: AdminCall) {
    return this.#turn.act(call, () => this.#tokens.list());
  }

  async addToken(call: AdminCall, draft: TokenDraft) {
    return this.#turn.act(call, (by) => this.#tokens.add(by, draft));
  }

  async revokeToken(call: AdminCall, id: string) {
    return this.#turn.act(call, (by) => this.#tokens.revoke(by, id));
  }

  async audit(call: AdminCall, page: Page) {
    return this.#turn.act(call, () => this.#audit.page(page));
  }

  async auditHead(call: AdminCall, isExport: boolean): Promise<Answer<AuditHeads>> {
    if (this.#turn.isCreated) await this.#audit.key();
    const found = this.#turn.act(call, (by) => this.#audit.head(by, { isExport }));
    return this.#audit.signed(found);
  }

  async noteReading(call: AdminCall, subject: string): Promise<Answer<{ actor: TokenId }>> {
    return this.#turn.act(call, (by) => this.#audit.noteReading(by, subject));
  }

  async sources(call: AdminCall, page: Page) {
    return this.#turn.act(call, () => this.#sources.list(page));
  }

  async source(call: AdminCall, id: string) {
    return this.#turn.act(call, () => this.#sources.show(id));
  }

  async addSource(call: AdminCall, draft: SourceDraft) {
    return this.#turn.act(call, (by) => this.#shown(this.#sources.add(by, draft)));
  }

  async changeSource(call: AdminCall, id: string, patch: SourcePatch) {
    const answer = this.#turn.act(call, (by) => this.#shown(this.#sources.change(by, id, patch)));
    return answer.ok ? this.#announced(answer.value) : answer;
  }

  async addWriteKey(call: AdminCall, id: string) {
    const answer = this.#turn.act(call, (by) => this.#sources.addKey(by, id));
    if (answer.ok) await this.#announce(id as SourceId);
    return answer;
  }

  async retireWriteKey(call: AdminCall, id: string, version: number) {
    const answer = this.#turn.act(call, (by) => this.#sources.retireKey(by, id, version));
    if (answer.ok) await this.#announce(id as SourceId);
    return answer;
  }

  async queues(call: AdminCall, id: string): Promise<Answer<readonly QueueRef[]>> {
    return this.#turn.act(call, () => {
      const source = this.#turn.tables.source(id);
      if (source === undefined) return err({ kind: "not-found", what: "source" });
      return ok(this.#turn.tables.queues(source.id));
    });
  }

  async evidence(call: AdminCall, range: EvidenceRange) {
    return this.#turn.act(call, () => this.#evidence.view(range));
  }

  async residency(call: AdminCall, range: EvidenceRange) {
    if (this.#turn.isCreated) await this.#audit.key();
    const found = this.#turn.act(call, (by) => this.#residency.facts(by, range));
    return this.#residency.signed(found);
  }

  async takeEvidence(report: EvidenceReport): Promise<void> {
    if (!this.#turn.isCreated) return;
    this.ctx.storage.transactionSync(() => this.#evidence.take(report));
  }

  async addEdges(counts: readonly EdgeCount[]): Promise<void> {
    if (!this.#turn.isCreated) return;
    this.ctx.storage.transactionSync(() => this.#evidence.addEdges(counts));
  }

  async sourceConfig(sourceId: SourceId, queue?: QueueRef): Promise<SourceConfig | undefined> {
    const source = this.#turn.isCreated ? this.#turn.tables.source(sourceId) : undefined;
    if (source === undefined) return undefined;
    if (queue !== undefined) this.#turn.tables.learnQueue(sourceId, queue);
    const config = this.#turn.configOf(source);
    const lanes = this.#turn.destinations.enabledOf(sourceId);
    const suppressions = this.#turn.regulations.version();
    return { ...config, edge: this.#self.edge(), lanes, suppressions };
  }

  async raiseShards(sourceId: SourceId, epoch: number): Promise<void> {
    if (!this.#turn.isCreated) return;
    const by = { actor: "queue", nowMs: Date.now() };
    const changed = this.ctx.storage.transactionSync(() =>
      this.#sources.raiseShards(by, sourceId, epoch),
    );
    if (changed !== undefined) await this.#announce(sourceId);
  }

  async poke(): Promise<void> {
    if (!this.#turn.isCreated) return;
    this.#turn.prune(Date.now());
    this.#audit.ask(Date.now());
    this.#evidence.prune(Date.now());
    await this.#self.tellDirectory(this.#reach);
    this.ctx.waitUntil(this.verifyDue(Date.now()).catch(() => undefined));
    await this.#alarm.fence();
    await this.#queues.pokeHolding();
    this.ctx.waitUntil(this.tellAlerts().catch(() => undefined));
    if (this.#turn.isClosing) return;
    this.ctx.waitUntil(this.privacy.journal.tidy(Date.now()).catch(() => undefined));
  }

  override async alarm(): Promise<void> {
    await this.#alarm.run();
  }

  /** Tells the queues of a change, with the alarm behind it for those that do not answer. */
  async #announce(id: SourceId): Promise<void> {
    await this.#alarm.arm();
    await this.#queues.announce(id);
  }

  /** The source as it stands after its queues were told: a route may have opened meanwhile. */
  async #announced(view: SourceView): Promise<Answer<SourceView>> {
    await this.#announce(view.id);
    const source = this.#turn.tables.source(view.id);
    return ok(source === undefined ? view : this.#sources.view(source));
  }

  #shown(answer: Answer<Source>): Answer<SourceView> {
    return answer.ok ? ok(this.#sources.view(answer.value)) : answer;
  }
}
