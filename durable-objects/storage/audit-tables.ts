import type { WorkspaceId } from "../../src/core/ids.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { dayOf, type AuditKey, type SignedHead } from "../../src/workspace/audit-head.ts";

type KeyRow = { public_key: string; private_key: string };
type HeadRow = { seq: number; hash: string; at_ms: number; signature: string };

/** The key that signs a workspace's heads, and the heads of its days. */
export class AuditTables {
  readonly #sql: SqlStorage;
  readonly #workspaceId: WorkspaceId;

  constructor(sql: SqlStorage, workspaceId: WorkspaceId) {
    this.#sql = sql;
    this.#workspaceId = workspaceId;
  }

  key(): AuditKey | undefined {
    const [row] = this.#sql.exec<KeyRow>("SELECT * FROM audit_keys").toArray();
    return row === undefined
      ? undefined
      : { publicKey: row.public_key, privateKey: row.private_key };
  }

  saveKey({ publicKey, privateKey }: AuditKey, nowMs: number): void {
    this.#sql.exec(
      "INSERT INTO audit_keys (public_key, private_key, created_at_ms) VALUES (?, ?, ?)",
      publicKey,
      privateKey,
      nowMs,
    );
  }

  hasHeadOf(day: string): boolean {
    const query = "SELECT count(*) AS n FROM audit_heads WHERE day = ?";
    return this.#sql.exec<{ n: number }>(query, day).one().n > 0;
  }

  /** Keeps the head of its day; the first one stays. */
  addHead({ seq, hash, atMs, signature }: SignedHead): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO audit_heads (day, seq, hash, at_ms, signature)
       VALUES (?, ?, ?, ?, ?)`,
      dayOf(atMs),
      seq,
      hash,
      atMs,
      signature,
    );
  }

  /** Heads whose files are not written yet, oldest first. */
  headsUnwritten(): SignedHead[] {
    return this.#heads("WHERE location IS NULL");
  }

  /** The heads of all days, oldest first. */
  heads(): SignedHead[] {
    return this.#heads("");
  }

  /** The newest head that stands in a bucket. */
  lastFile(): { day: string; location: string } | undefined {
    const [row] = this.#sql
      .exec<{ day: string; location: string }>(
        "SELECT day, location FROM audit_heads WHERE location IS NOT NULL ORDER BY day DESC LIMIT 1",
      )
      .toArray();
    return row;
  }

  headWritten(day: string, location: ArchiveLocation): void {
    this.#sql.exec("UPDATE audit_heads SET location = ? WHERE day = ?", location, day);
  }

  #heads(where: "" | "WHERE location IS NULL"): SignedHead[] {
    const publicKey = this.key()?.publicKey ?? "";
    return this.#sql
      .exec<HeadRow>(`SELECT seq, hash, at_ms, signature FROM audit_heads ${where} ORDER BY day`)
      .toArray()
      .map(({ at_ms, ...row }) => ({
        workspaceId: this.#workspaceId,
        ...row,
        atMs: at_ms,
        publicKey,
      }));
  }
}
