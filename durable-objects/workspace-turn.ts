import type { Config } from "../src/config.ts";
import type { RandomBytes } from "../src/core/base32.ts";
import { scrubStorage } from "../src/core/scrub-storage.ts";
import type { HomeRegion, WorkspaceId } from "../src/core/ids.ts";
import { err } from "../src/core/result.ts";
import { isAuditable, type AuditAction } from "../src/workspace/audit.ts";
import type { Idempotency } from "../src/workspace/idempotency.ts";
import { isClosing } from "../src/workspace/leaving.ts";
import type { AdminCall, Answer } from "../src/workspace/ports.ts";
import type { SourceConfig } from "../src/workspace/source-config.ts";
import { configOf, type Source } from "../src/workspace/source.ts";
import { lastUseToWrite, refuseAccess } from "../src/workspace/token.ts";
import { AlertsTable } from "./storage/alerts-table.ts";
import { AnswersTable } from "./storage/answers-table.ts";
import { AuditChainTable } from "./storage/audit-chain-table.ts";
import { ConnectionsTable } from "./storage/connections-table.ts";
import { DestinationsTable } from "./storage/destinations-table.ts";
import { RegulationsTable } from "./storage/regulations-table.ts";
import { LeavingsTable } from "./storage/leavings-table.ts";
import { JournalTable } from "./storage/journal-table.ts";
import { SoiledTable } from "./storage/soiled-table.ts";
import { ReplaysTable } from "./storage/replays-table.ts";
import { migrate } from "./storage/migrate.ts";
import { WORKSPACE_MIGRATIONS } from "./storage/workspace.schema.ts";
import { SubjectAccessTable } from "./storage/subject-access-table.ts";
import { SyncNoticesTable } from "./storage/sync-notices-table.ts";
import { SyncsTable } from "./storage/syncs-table.ts";
import { WorkspaceTables } from "./storage/workspace-tables.ts";
import { WorkspaceRestores } from "./workspace-restores.ts";

/** Who acts and when; what goes into the audit chain besides the act itself. */
export type Acting = { readonly actor: string; readonly nowMs: number };

/**
 * One synchronous turn of a Workspace: access check, repetition check, act, audit and the answer to
 * repeat are one transaction, so that a call has happened as a whole or not at all.
 */
export class WorkspaceTurn {
  readonly id: WorkspaceId;
  readonly home: HomeRegion;
  readonly config: Config;
  readonly tables: WorkspaceTables;
  readonly chain: AuditChainTable;
  readonly destinations: DestinationsTable;
  readonly regulations: RegulationsTable;
  readonly accesses: SubjectAccessTable;
  readonly connections: ConnectionsTable;
  readonly syncs: SyncsTable;
  readonly syncNotices: SyncNoticesTable;
  readonly leavings: LeavingsTable;
  readonly alerts: AlertsTable;
  readonly replays: ReplaysTable;
  readonly journal: JournalTable;
  readonly restores: WorkspaceRestores;
  readonly random: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));
  readonly #soiled: SoiledTable;
  #scrubbing: Promise<void> | undefined;
  readonly #storage: DurableObjectStorage;
  readonly #answers: AnswersTable;

  constructor(
    storage: DurableObjectStorage,
    self: { readonly id: WorkspaceId; readonly home: HomeRegion; readonly config: Config },
  ) {
    this.id = self.id;
    this.home = self.home;
    this.config = self.config;
    this.#storage = storage;
    this.tables = new WorkspaceTables(storage.sql);
    this.chain = new AuditChainTable(storage.sql);
    this.destinations = new DestinationsTable(storage.sql);
    this.regulations = new RegulationsTable(storage.sql);
    this.accesses = new SubjectAccessTable(storage.sql);
    this.connections = new ConnectionsTable(storage.sql);
    this.syncs = new SyncsTable(storage.sql);
    this.syncNotices = new SyncNoticesTable(storage.sql);
    this.leavings = new LeavingsTable(storage.sql);
    this.alerts = new AlertsTable(storage.sql);
    this.replays = new ReplaysTable(storage.sql);
    this.journal = new JournalTable(storage.sql, this.regulations);
    this.restores = new WorkspaceRestores(this);
    this.#soiled = new SoiledTable(storage.sql);
    this.#answers = new AnswersTable(storage.sql, this.random);
    if (this.isCreated) migrate(storage, WORKSPACE_MIGRATIONS);
  }

  /**
   * Whether this workspace was ever created. Before that no row is written: whoever makes up ids
   * and tokens must not be able to fill an account's storage with empty objects.
   */
  get isCreated(): boolean {
    return holdsTable(this.#storage.sql, "workspace");
  }

  /** Whether a workspace stood here once and was deleted; nothing is ever written here again. */
  get isDeparted(): boolean {
    return holdsTable(this.#storage.sql, "tombstone");
  }

  /**
   * Whether all of the workspace is being removed, or is gone: nothing may begin or be written any more,
   * since nobody would look for it again. Until then its deletion still waits for its sources.
   */
  get isClosing(): boolean {
    return this.isCreated ? isClosing(this.leavings.find(this.id)?.state) : this.isDeparted;
  }

  /** What Workers and queues serve a source by: a workspace that leaves takes no more events. */
  configOf(source: Source): SourceConfig {
    const made = configOf(source, Date.now(), this.config.windowMs);
    const config = { ...made, deletion: this.restores.required(source.id, "queue") };
    return this.leavings.find(this.id) === undefined ? config : { ...config, enabled: false };
  }

  /** Makes the tables; only a creation does. */
  makeTables(): void {
    migrate(this.#storage, WORKSPACE_MIGRATIONS);
  }

  /** Acts for the holder of a token, if the token allows it. */
  act<T>(call: AdminCall, work: (by: Acting) => Answer<T>): Answer<T> {
    if (!this.isCreated) return err({ kind: "unauthenticated" });
    return this.once(call.idempotency, (nowMs) => {
      const token = this.tables.token(call.credential.tokenId);
      const refusal = refuseAccess(token, call.credential, call.need, nowMs);
      if (refusal !== undefined) return { refusal };
      if (call.need !== "read" && this.isClosing) return { refusal: { kind: "leaving-begun" } };
      const used = token === undefined ? undefined : lastUseToWrite(token, nowMs);
      if (used !== undefined) this.tables.tokenUsed(call.credential.tokenId, used);
      return { work: () => work({ actor: call.credential.tokenId, nowMs }) };
    });
  }

  /**
   * Acts once per Idempotency-Key: a repetition gets the first answer again, after `admit` let it
   * in. Only successes are held, so that a call that was refused can be made again.
   */
  once<T>(idempotency: Idempotency | undefined, admit: (nowMs: number) => Admission<T>): Answer<T> {
    const nowMs = Date.now();
    return this.#storage.transactionSync(() => {
      const admission = admit(nowMs);
      if ("refusal" in admission) return err(admission.refusal);
      if (idempotency === undefined) return admission.work();
      const held = this.#answers.find(idempotency, nowMs);
      if (!held.ok) return held;
      if (held.value !== undefined) return held.value.answer as Answer<T>;
      const answer = admission.work();
      if (answer.ok) this.#answers.hold(idempotency, answer, true, nowMs);
      return answer;
    });
  }

  /**
   * Adds to the audit chain.
   *
   * @throws Error for anything but ids of ours and names of fields, which is a bug of the caller.
   */
  note(by: Acting, action: AuditAction, subject: string, fields: readonly string[] = []): void {
    const fact = { atMs: by.nowMs, actor: by.actor, action, subject, fields };
    if (!isAuditable(fact)) throw new Error(`Cannot record ${action}: it names more than ids`);
    this.chain.note(fact);
  }

  /** Runs `work` as a whole or not at all. */
  transaction<T>(work: () => T): T {
    return this.#storage.transactionSync(work);
  }

  /** Forgets what is kept for a while only. */
  prune(nowMs: number): void {
    this.transaction(() => {
      if (!this.regulations.hasOld(nowMs)) return;
      this.soil();
      this.regulations.prune(nowMs);
    });
    this.#answers.prune(nowMs);
  }

  /** Called with whatever deletes ids of users, in its transaction and before it. */
  soil(): void {
    this.#soiled.note();
  }

  /** Overwrites ids of users that were deleted, if any were since the last time. */
  async scrub(): Promise<void> {
    while (this.isCreated && this.#soiled.times() > 0) {
      this.#scrubbing ??= this.#scrub().finally(() => {
        this.#scrubbing = undefined;
      });
      await this.#scrubbing;
    }
  }

  async #scrub(): Promise<void> {
    const times = this.#soiled.times();
    await scrubStorage(this.#storage, {
      tables: ["regulation_subjects", "regulation_links", "suppressions", "subject_accesses"],
      freeBytes: this.#soiled.freeBytes(),
      nextTurn: () => scheduler.wait(0),
    });
    this.#soiled.scrubbed(times);
  }
}

type Admission<T> =
  | { readonly refusal: Extract<Answer<T>, { ok: false }>["error"] }
  | { readonly work: () => Answer<T> };

function holdsTable(sql: SqlStorage, name: "workspace" | "tombstone"): boolean {
  const query = "SELECT count(*) AS n FROM sqlite_master WHERE name = ?";
  return sql.exec<{ n: number }>(query, name).one().n > 0;
}
