import { DurableObject } from "cloudflare:workers";

import { parseConfig } from "../src/config.ts";
import { newWorkspaceId, type HomeRegion, type WorkspaceId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import { EVIDENCE_DAYS_MAX } from "../src/egress/evidence.ts";
import type { EdgeCount } from "../src/region/edge.ts";
import { standing } from "../src/region/placement.ts";
import type { DirectoryEntry, DirectoryPort } from "../src/services.ts";
import type { Idempotency } from "../src/workspace/idempotency.ts";
import type { Departure } from "../src/workspace/leaving-ports.ts";
import type { Answer, DirectoryAdminPort, WorkspaceView } from "../src/workspace/ports.ts";
import { newInviteText, sha256Hex } from "../src/workspace/secrets.ts";
import { isoTime } from "../src/workspace/source-view.ts";
import { reach, type Env, type Reach } from "./reach.ts";
import { AnswersTable } from "./storage/answers-table.ts";
import { EdgesTable } from "./storage/edges-table.ts";
import { migrate } from "./storage/migrate.ts";
import { REGION_DIRECTORY_MIGRATIONS } from "./storage/region-directory.schema.ts";

/** Entries of one page of the operator's list. */
const PAGE_ENTRIES = 500;

const DAY_MS = 86_400_000;

/** Workspaces poked at a time: an object may wait for six connections at once. */
const POKES_AT_A_TIME = 6;

type Created = { readonly workspace: WorkspaceView; readonly invite: string };

/**
 * The workspaces of one home region, for cron and the operator. It knows their ids, names and ages
 * and nothing of what is inside.
 *
 * State: tables `workspaces`, `answers`, `edges`, `departed`. No alarm.
 */
export class RegionDirectory
  extends DurableObject<Env>
  implements DirectoryPort, DirectoryAdminPort
{
  readonly #region: HomeRegion;
  readonly #reach: Reach;
  readonly #answers: AnswersTable;
  readonly #edges: EdgesTable;
  /** Keys of the creations that run now; one that is held unfinished but not here was cut off. */
  readonly #running = new Set<string>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const config = parseConfig(env as unknown as Record<string, unknown>);
    const { name } = standing(ctx.id, config.jurisdictions);
    if (name.kind !== "directory") {
      throw new Error("outside_jurisdiction: This object is no directory");
    }
    migrate(ctx.storage, REGION_DIRECTORY_MIGRATIONS);
    this.#region = name.region;
    this.#reach = reach(env, config);
    this.#answers = new AnswersTable(ctx.storage.sql, random);
    this.#edges = new EdgesTable(ctx.storage.sql);
  }

  /**
   * The answer is fixed and held before the workspace is made, so that a repetition after a crash
   * goes on with the same id and the same invite instead of making a second one.
   */
  async create(name: string, idempotency?: Idempotency): Promise<Answer<Created>> {
    const running = idempotency?.keyHash;
    if (running !== undefined && this.#running.has(running)) {
      return err({ kind: "idempotency-in-progress" });
    }
    const nowMs = Date.now();
    const held = idempotency === undefined ? undefined : this.#answers.find(idempotency, nowMs);
    if (held !== undefined && !held.ok) return held;
    if (held?.value?.isDone === true) return ok(held.value.answer as Created);
    const isResumed = held?.value !== undefined;
    const created = isResumed ? (held.value?.answer as Created) : this.#plan(name, nowMs);
    if (!isResumed) this.#begin(created, nowMs, idempotency);
    if (running !== undefined) this.#running.add(running);
    try {
      return await this.#finish(created, isResumed, idempotency);
    } finally {
      if (running !== undefined) this.#running.delete(running);
    }
  }

  async list(after?: string): Promise<{ data: DirectoryEntry[]; next: string | undefined }> {
    const rows = this.#rows("is_created = 1 AND id > ?", after ?? "", PAGE_ENTRIES + 1);
    const data = rows.slice(0, PAGE_ENTRIES).map((row) => ({
      id: row.id,
      name: row.name,
      region: this.#region,
      createdAt: isoTime(row.created_at_ms),
    }));
    return { data, next: rows.length > PAGE_ENTRIES ? data.at(-1)?.id : undefined };
  }

  async rename(id: WorkspaceId, name: string): Promise<void> {
    this.ctx.storage.sql.exec("UPDATE workspaces SET name = ? WHERE id = ?", name, id);
  }

  /** The certificate is held in the same turn in which the workspace leaves the list. */
  async forget({ id, departedAtMs, certificate }: Departure): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      this.ctx.storage.sql.exec(
        `INSERT OR IGNORE INTO departed (id, departed_at_ms, certificate, is_emptied)
         VALUES (?, ?, ?, 0)`,
        id,
        departedAtMs,
        certificate,
      );
      this.ctx.storage.sql.exec("DELETE FROM workspaces WHERE id = ?", id);
    });
  }

  async departure(id: WorkspaceId): Promise<Departure | undefined> {
    const [row] = this.ctx.storage.sql
      .exec<{ departed_at_ms: number; certificate: string }>(
        "SELECT departed_at_ms, certificate FROM departed WHERE id = ?",
        id,
      )
      .toArray();
    if (row === undefined) return undefined;
    return { id, departedAtMs: row.departed_at_ms, certificate: row.certificate };
  }

  async addEdges(counts: readonly EdgeCount[]): Promise<void> {
    this.ctx.storage.transactionSync(() => this.#edges.add(counts));
  }

  async edges(fromMs: number): Promise<readonly EdgeCount[]> {
    return this.#edges.since(fromMs);
  }

  async pokeAll(): Promise<{ poked: number; failed: number }> {
    this.#answers.prune(Date.now());
    this.#edges.prune(Date.now() - EVIDENCE_DAYS_MAX * DAY_MS);
    await this.#emptyDeparted();
    let [poked, failed, after] = [0, 0, ""];
    for (;;) {
      const rows = this.#rows("id > ?", after, POKES_AT_A_TIME);
      if (rows.length === 0) return { poked, failed };
      after = rows.at(-1)?.id ?? "";
      const pokes = rows.map((row) => this.#reach.workspace(row.id).poke());
      const settled = await Promise.allSettled(pokes);
      failed += settled.filter((poke) => poke.status === "rejected").length;
      poked += rows.length;
    }
  }

  /** A workspace that was killed between its certificate and its end is emptied now. */
  async #emptyDeparted(): Promise<void> {
    const { sql } = this.ctx.storage;
    const rows = sql
      .exec<{ id: WorkspaceId }>("SELECT id FROM departed WHERE is_emptied = 0")
      .toArray();
    for (const { id } of rows) {
      const isEmptied = await this.#reach
        .workspace(id)
        .depart()
        .catch(() => false);
      if (isEmptied) sql.exec("UPDATE departed SET is_emptied = 1 WHERE id = ?", id);
    }
  }

  #plan(name: string, nowMs: number): Created {
    const id = newWorkspaceId(this.#region, random);
    const workspace = { id, name, region: this.#region, createdAt: isoTime(nowMs) };
    return { workspace, invite: newInviteText(id, random) };
  }

  /** The entry stands before the workspace does, so that cron can never miss one that exists. */
  #begin({ workspace, ...rest }: Created, nowMs: number, idempotency?: Idempotency): void {
    this.ctx.storage.transactionSync(() => {
      this.ctx.storage.sql.exec(
        "INSERT INTO workspaces (id, name, created_at_ms, is_created) VALUES (?, ?, ?, 0)",
        workspace.id,
        workspace.name,
        nowMs,
      );
      if (idempotency !== undefined) {
        this.#answers.hold(idempotency, { workspace, ...rest }, false, nowMs);
      }
    });
  }

  async #finish(
    created: Created,
    isResumed: boolean,
    idempotency: Idempotency | undefined,
  ): Promise<Answer<Created>> {
    const { id, name, region, createdAt } = created.workspace;
    const locked = await this.#reach.workspaceAdmin(id).create({
      id,
      name,
      region,
      inviteSha256: sha256Hex(created.invite),
      createdAtMs: Date.parse(createdAt),
    });
    // A resumed creation finds its own lock when only the answer had been lost.
    if (!locked.ok && !isResumed) return locked;
    this.ctx.storage.transactionSync(() => {
      this.ctx.storage.sql.exec("UPDATE workspaces SET is_created = 1 WHERE id = ?", id);
      if (idempotency !== undefined) this.#answers.hold(idempotency, created, true, Date.now());
    });
    return ok(created);
  }

  #rows(where: "id > ?" | "is_created = 1 AND id > ?", after: string, limit: number) {
    return this.ctx.storage.sql
      .exec<{ id: WorkspaceId; name: string; created_at_ms: number }>(
        `SELECT id, name, created_at_ms FROM workspaces WHERE ${where} ORDER BY id LIMIT ?`,
        after,
        limit,
      )
      .toArray();
  }
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
