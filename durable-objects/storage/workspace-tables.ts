import type { SourceId, TokenId, WorkspaceId } from "../../src/core/ids.ts";
import { readStored } from "../../src/core/stored-json.ts";
import type { EdgeAnswer, EdgePolicy } from "../../src/region/edge.ts";
import { isHomeRegion, isIngestRegion } from "../../src/region/regions.ts";
import type { Creation, WorkspaceSettings } from "../../src/workspace/ports.ts";
import type { QueueRef } from "../../src/workspace/source-config.ts";
import type { Source } from "../../src/workspace/source.ts";
import { INVITE_MS, type Token } from "../../src/workspace/token.ts";

type WorkspaceRow = {
  id: WorkspaceId;
  name: string;
  region: string;
  created_at_ms: number;
  directory_name: string;
  edge_policy: EdgePolicy | null;
  edge_answer: EdgeAnswer | null;
};

type TokenRow = {
  id: TokenId;
  name: string;
  sha256: string;
  rights: string;
  created_at_ms: number;
  expires_at_ms: number | null;
  last_used_at_ms: number | null;
};

type QueueRow = { ingest_region: string; shard: number };

/** The rows of a Workspace, as values. All calls are synchronous; the caller groups them. */
export class WorkspaceTables {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  workspace() {
    const [row] = this.#sql.exec<WorkspaceRow>("SELECT * FROM workspace").toArray();
    if (row === undefined) return undefined;
    if (!isHomeRegion(row.region)) throw new Error("Cannot serve: the held region is none of ours");
    return {
      id: row.id,
      name: row.name,
      region: row.region,
      createdAtMs: row.created_at_ms,
      directoryName: row.directory_name,
      edge: { policy: row.edge_policy ?? undefined, answer: row.edge_answer ?? undefined },
    };
  }

  create({ id, name, region, inviteSha256, createdAtMs }: Creation): void {
    this.#sql.exec(
      "INSERT INTO workspace (id, name, region, created_at_ms, directory_name) VALUES (?, ?, ?, ?, ?)",
      id,
      name,
      region,
      createdAtMs,
      name,
    );
    this.#sql.exec(
      "INSERT INTO invites (sha256, expires_at_ms) VALUES (?, ?)",
      inviteSha256,
      createdAtMs + INVITE_MS,
    );
  }

  /** What the change does not say stays. */
  settle({ name, edgePolicy, edgeAnswer }: WorkspaceSettings): void {
    this.#sql.exec(
      `UPDATE workspace SET name = coalesce(?, name), edge_policy = coalesce(?, edge_policy),
         edge_answer = coalesce(?, edge_answer)`,
      name ?? null,
      edgePolicy ?? null,
      edgeAnswer ?? null,
    );
  }

  directoryTold(name: string): void {
    this.#sql.exec("UPDATE workspace SET directory_name = ?", name);
  }

  /** Uses the invite up; false when it is unknown, used or expired. */
  redeem(sha256: string, nowMs: number): boolean {
    const done = this.#sql.exec(
      `UPDATE invites SET redeemed_at_ms = ?1
       WHERE sha256 = ?2 AND redeemed_at_ms IS NULL AND expires_at_ms > ?1 RETURNING sha256`,
      nowMs,
      sha256,
    );
    return done.toArray().length === 1;
  }

  tokens(): Token[] {
    return this.#sql
      .exec<TokenRow>("SELECT * FROM tokens ORDER BY created_at_ms, id")
      .toArray()
      .map(toToken);
  }

  token(id: string): Token | undefined {
    return this.#sql
      .exec<TokenRow>("SELECT * FROM tokens WHERE id = ?", id)
      .toArray()
      .map(toToken)[0];
  }

  addToken(token: Token): void {
    this.#sql.exec(
      `INSERT INTO tokens (id, name, sha256, rights, created_at_ms, expires_at_ms)
       VALUES (?, ?, ?, ?, ?, ?)`,
      token.id,
      token.name,
      token.sha256,
      JSON.stringify(token.rights),
      token.createdAtMs,
      token.expiresAtMs ?? null,
    );
  }

  tokenUsed(id: TokenId, atMs: number): void {
    this.#sql.exec("UPDATE tokens SET last_used_at_ms = ? WHERE id = ?", atMs, id);
  }

  removeToken(id: TokenId): void {
    this.#sql.exec("DELETE FROM tokens WHERE id = ?", id);
  }

  /** Sources that are not deleted, oldest first, after the one with the id `after`. */
  sources(after?: string, limit = -1): Source[] {
    return this.#readSources(
      `SELECT body FROM sources WHERE is_deleted = 0
         AND position > coalesce((SELECT position FROM sources WHERE id = ?), 0)
       ORDER BY position LIMIT ?`,
      after ?? "",
      limit,
    );
  }

  /** A source by its id, deleted ones included. */
  source(id: string): Source | undefined {
    return this.#readSources("SELECT body FROM sources WHERE id = ?", id)[0];
  }

  /** Every source there ever was: the archive of a deleted one stays. */
  sourceIds(): SourceId[] {
    return this.#sql
      .exec<{ id: SourceId }>("SELECT id FROM sources ORDER BY position")
      .toArray()
      .map(({ id }) => id);
  }

  sourcesFencing(): Source[] {
    return this.#readSources("SELECT body FROM sources WHERE is_fencing = 1");
  }

  /** How many sources there ever were. */
  sourceCount(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM sources").one().n;
  }

  save(source: Source): void {
    this.#sql.exec(
      `INSERT INTO sources (id, is_deleted, is_fencing, body) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT (id) DO UPDATE SET is_deleted = ?2, is_fencing = ?3, body = ?4`,
      source.id,
      source.deletedAtMs === undefined ? 0 : 1,
      source.route.state === "fencing" ? 1 : 0,
      JSON.stringify(source),
    );
  }

  /** Makes a queue known for good, before it is told anything. */
  learnQueue(sourceId: SourceId, queue: QueueRef): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO queues (source_id, ingest_region, shard, holds_events, fenced_epoch)
       VALUES (?, ?, ?, 0, 0)`,
      sourceId,
      queue.ingestRegion,
      queue.shard,
    );
  }

  queues(sourceId: SourceId): QueueRef[] {
    return this.#readQueues("SELECT * FROM queues WHERE source_id = ?", sourceId);
  }

  queuesUnfenced(sourceId: SourceId, epoch: number): QueueRef[] {
    return this.#readQueues(
      "SELECT * FROM queues WHERE source_id = ? AND fenced_epoch < ?",
      sourceId,
      epoch,
    );
  }

  queueFenced(sourceId: SourceId, queue: QueueRef, epoch: number): void {
    this.#sql.exec(
      `UPDATE queues SET fenced_epoch = max(fenced_epoch, ?)
       WHERE source_id = ? AND ingest_region = ? AND shard = ?`,
      epoch,
      sourceId,
      queue.ingestRegion,
      queue.shard,
    );
  }

  queueHolds(sourceId: SourceId, queue: QueueRef, holdsEvents: boolean, nowMs: number): void {
    this.#sql.exec(
      `UPDATE queues SET holds_events = ?1,
         drained_at_ms = CASE ?1 WHEN 0 THEN ?5 ELSE drained_at_ms END
       WHERE source_id = ?2 AND ingest_region = ?3 AND shard = ?4 AND holds_events <> ?1`,
      holdsEvents ? 1 : 0,
      sourceId,
      queue.ingestRegion,
      queue.shard,
      nowMs,
    );
  }

  queuesHolding(): { sourceId: SourceId; queue: QueueRef }[] {
    return this.#sql
      .exec<QueueRow & { source_id: SourceId }>("SELECT * FROM queues WHERE holds_events = 1")
      .toArray()
      .map((row) => ({ sourceId: row.source_id, queue: toQueue(row) }));
  }

  #readSources(query: string, ...bindings: SqlStorageValue[]): Source[] {
    return this.#sql
      .exec<{ body: string }>(query, ...bindings)
      .toArray()
      .map((row) => readStored<Source>(row.body));
  }

  #readQueues(query: string, ...bindings: SqlStorageValue[]): QueueRef[] {
    return this.#sql
      .exec<QueueRow>(query, ...bindings)
      .toArray()
      .map(toQueue);
  }
}

function toToken(row: TokenRow): Token {
  return {
    id: row.id,
    name: row.name,
    sha256: row.sha256,
    rights: readStored<Token["rights"]>(row.rights),
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms ?? undefined,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
  };
}

function toQueue({ ingest_region, shard }: QueueRow): QueueRef {
  if (!isIngestRegion(ingest_region)) {
    throw new Error("Cannot reach a queue: its held ingest region is none of ours");
  }
  return { ingestRegion: ingest_region, shard };
}
