import { homeBucket } from "../src/archive/home-bucket.ts";
import {
  isChildId,
  parseId,
  workspaceOf,
  type RegulationId,
  type TokenId,
} from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../src/region/regions.ts";
import { headAlert, type Alert } from "../src/workspace/alerts.ts";
import type { AuditEntry } from "../src/workspace/audit.ts";
import { headLine } from "../src/workspace/audit-export.ts";
import {
  dayOf,
  headFileKey,
  keyField,
  newAuditKey,
  signHead,
  type AuditHead,
  type AuditKey,
  type SignedHead,
} from "../src/workspace/audit-head.ts";
import type { Answer, AuditHeads, Page, PageOf } from "../src/workspace/ports.ts";
import type { HeadFiles } from "../src/workspace/residency-facts.ts";
import { sha256Hex } from "../src/workspace/secrets.ts";
import { AuditTables } from "./storage/audit-tables.ts";
import type { WorkspaceEvidence } from "./workspace-evidence.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

/** Until a head that no location took is tried again; doubles up to an hour. */
const RETRY_MS_MIN = 60_000;
const RETRY_MS_MAX = 3_600_000;

/** Who makes the key of a workspace that is older than its key. */
const KEY_MAKER = "operator";

type UnsignedHead = Omit<AuditHeads, "head"> & { readonly head: AuditHead };

/** The audit chain's head: its key, its signature, and its daily file in a bucket of the home. */
export class WorkspaceAudit {
  readonly #turn: WorkspaceTurn;
  readonly #tables: AuditTables;
  readonly #evidence: WorkspaceEvidence;
  #isAsked = false;
  #isWriting = false;
  #failures = 0;
  #nextAttemptMs = 0;

  constructor(turn: WorkspaceTurn, sql: SqlStorage, evidence: WorkspaceEvidence) {
    this.#turn = turn;
    this.#evidence = evidence;
    this.#tables = new AuditTables(sql, turn.id);
  }

  /** Entries of the chain, oldest first; runs inside a turn. */
  page({ after, limit }: Page): Answer<PageOf<AuditEntry>> {
    const found = this.#turn.chain.after(Number(after ?? 0), limit + 1);
    const data = found.slice(0, limit);
    return ok({ data, next: found.length > limit ? String(data.at(-1)?.seq) : undefined });
  }

  /** Records that event bodies of `subject` are about to be read; runs inside a turn. */
  noteReading(by: Acting, subject: string): Answer<{ actor: TokenId }> {
    const isOurs = parseId(subject) !== undefined && workspaceOf(subject) === this.#turn.id;
    if (!isOurs) return err({ kind: "not-found", what: "source" });
    this.#turn.note(by, "events.read", subject);
    return ok({ actor: by.actor as TokenId });
  }

  /**
   * Records that a deletion was finished; once, however often it is told.
   *
   * @throws Error when it is no regulation of this workspace or no hash, a bug of the caller.
   */
  certifyDeletion(regulationId: RegulationId, sha256: string, nowMs: number): void {
    const isOurs = isChildId("reg", regulationId) && workspaceOf(regulationId) === this.#turn.id;
    if (!isOurs || !/^[0-9a-f]{64}$/.test(sha256)) {
      throw new Error("Cannot certify a deletion: wanted a regulation of ours and a SHA-256");
    }
    if (this.#turn.chain.has("deletion.certify", regulationId)) return;
    const by = { actor: "archive", nowMs };
    this.#turn.note(by, "deletion.certify", regulationId, [`sha256:${sha256}`]);
  }

  /** The chain's last entry, with the heads of all days; runs inside a turn. */
  head(by: Acting, { isExport }: { readonly isExport: boolean }): Answer<UnsignedHead> {
    if (isExport) this.#turn.note(by, "audit.export", this.#turn.id);
    return ok({ head: this.lastAt(by.nowMs), days: this.#tables.heads() });
  }

  /** Signs what {@link head} found, outside of the turn: only a promise gives a signature. */
  async signed(found: Answer<UnsignedHead>): Promise<Answer<AuditHeads>> {
    if (!found.ok) return found;
    return ok({ ...found.value, head: await this.sign(found.value.head) });
  }

  async sign(head: AuditHead): Promise<SignedHead> {
    return signHead(head, await this.key());
  }

  /** The chain's last entry as a head of that time. */
  lastAt(atMs: number): AuditHead {
    const last = this.#turn.chain.last();
    if (last === undefined) throw new Error("Cannot sign a head: the audit chain has no entry");
    return { workspaceId: this.#turn.id, seq: last.seq, hash: last.hash, atMs };
  }

  /** What is wrong with the chain's files now. */
  alert(nowMs: number): Alert | undefined {
    return headAlert(
      this.#tables.headsUnwritten().map(({ atMs }) => atMs),
      nowMs,
    );
  }

  /** The newest head that stands in a bucket, and the days whose heads do not yet. */
  headFiles(): HeadFiles {
    const daysWaiting = this.#tables.headsUnwritten().map(({ atMs }) => dayOf(atMs));
    return { last: this.#tables.lastFile() ?? null, daysWaiting };
  }

  /** Keeps the key that a creation brings, and names it in the chain; inside its transaction. */
  holdKey(by: Acting, key: AuditKey): void {
    this.#tables.saveKey(key, by.nowMs);
    this.#turn.note(by, "audit-key.create", this.#turn.id, [keyField(key.publicKey)]);
  }

  /** The workspace's key; one that was created before there were keys gets it now. */
  async key(): Promise<AuditKey> {
    const held = this.#tables.key();
    if (held !== undefined) return held;
    const made = await newAuditKey();
    return this.#turn.transaction(() => {
      const meanwhile = this.#tables.key();
      if (meanwhile !== undefined) return meanwhile;
      this.holdKey({ actor: KEY_MAKER, nowMs: Date.now() }, made);
      return made;
    });
  }

  /** Cron's part: whether the day's head has to be signed, or a file is still to be written. */
  ask(nowMs: number): void {
    this.#isAsked =
      !this.#tables.hasHeadOf(dayOf(nowMs)) || this.#tables.headsUnwritten().length > 0;
  }

  /** How long until {@link writeDue} is wanted; `undefined` when nothing is due. */
  delayMs(nowMs: number): number | undefined {
    return this.#isAsked ? Math.max(0, this.#nextAttemptMs - nowMs) : undefined;
  }

  /**
   * Signs the day's head and writes every head that no bucket has yet, at the home's first location
   * that takes it. What fails now is tried again; the head of a day stays the one that was signed.
   */
  async writeDue(nowMs: number): Promise<void> {
    if (!this.#isAsked || this.#isWriting || nowMs < this.#nextAttemptMs) return;
    const delayMs = Math.min(RETRY_MS_MIN * 2 ** this.#failures, RETRY_MS_MAX);
    this.#nextAttemptMs = nowMs + delayMs;
    this.#isWriting = true;
    try {
      await this.#signDay(nowMs);
      for (const head of this.#tables.headsUnwritten()) {
        const location = await this.#write(head);
        if (location !== undefined) this.#tables.headWritten(dayOf(head.atMs), location);
      }
    } finally {
      this.#isWriting = false;
      this.ask(nowMs);
      this.#failures = this.#isAsked ? this.#failures + 1 : 0;
      if (!this.#isAsked) this.#nextAttemptMs = 0;
    }
  }

  async #signDay(nowMs: number): Promise<void> {
    if (this.#tables.hasHeadOf(dayOf(nowMs))) return;
    await this.key();
    this.#tables.addHead(await this.sign(this.lastAt(nowMs)));
  }

  /** The location whose bucket has the head's file now. */
  async #write(head: SignedHead): Promise<ArchiveLocation | undefined> {
    const { config, home, id } = this.#turn;
    const key = headFileKey(head);
    const text = headLine(head);
    const sha256 = sha256Hex(text);
    for (const location of HOME_REGIONS[home].locations) {
      const bucket = homeBucket(config, id, location, this.#evidence.own.observer, "audit");
      const put = await bucket.putNew(key, new TextEncoder().encode(text), {
        contentType: "application/json",
        meta: { sha256 },
      });
      if (put.ok) return location;
      if (put.error.kind !== "already-exists") continue;
      // An earlier PUT may have landed unseen. A file of other bytes is never written over, and
      // not stepped around either: it stays to be found out.
      const found = await bucket.head(key);
      return found.ok && found.value.meta.get("sha256") === sha256 ? location : undefined;
    }
    return undefined;
  }
}
