import { readStored } from "../core/stored-json.ts";
import type { HostEvidence, HostLevel, RefusalEvidence } from "./evidence.ts";
import type { EgressContact, RefusalKind } from "./judge.ts";

/** A row of the table in which an object keeps its evidence. */
export type EvidenceRow = {
  readonly kind: "host" | "refusal" | "edge";
  readonly key: string;
  /** JSON of the evidence. */
  readonly body: string;
};

/** Hosts, and refusals of an hour, that one object tells apart; what is beyond goes under one name. */
export const EVIDENCE_KEYS_MAX = 200;
const OTHERS = "(others)";

/** Characters of a host with its port: DNS allows 253. */
const HOST_CHARS_MAX = 260;

const HOUR_MS = 3_600_000;

/**
 * Whom one object contacted and what it refused, as totals. Counts are kept in memory; the owner
 * writes `changes()` from time to time, and at once where `sending` or `refused` says that this is
 * the first of its kind, so that no host is ever contacted that storage does not name.
 */
export class EvidenceBook {
  readonly #hosts = new Map<string, HostEvidence>();
  readonly #refusals = new Map<string, RefusalEvidence>();
  readonly #changed = new Set<string>();

  constructor(rows: readonly EvidenceRow[]) {
    for (const { kind, key, body } of rows) {
      if (kind === "host") this.#hosts.set(key, readStored<HostEvidence>(body));
      if (kind === "refusal") this.#refusals.set(key, readStored<RefusalEvidence>(body));
    }
  }

  /** Whether anything is not written yet. */
  get isDirty(): boolean {
    return this.#changed.size > 0;
  }

  /** Counts a request that is about to be sent; true when it is the first to that host for that. */
  sending(contact: EgressContact, level: HostLevel, bytes: number, nowMs: number): boolean {
    const { key, host } = this.#named(contact, this.#hosts, hostKey);
    const known = this.#hosts.get(key);
    this.#setHost(key, {
      host,
      purpose: contact.purpose,
      level,
      requests: (known?.requests ?? 0) + 1,
      bytesSent: (known?.bytesSent ?? 0) + bytes,
      bytesReceived: known?.bytesReceived ?? 0,
      firstAtMs: known?.firstAtMs ?? nowMs,
      lastAtMs: nowMs,
    });
    return known === undefined;
  }

  /** Counts a request that was not sent; true when it is the first of its kind in this hour. */
  refused(contact: EgressContact, reason: RefusalKind, nowMs: number): boolean {
    const hourMs = nowMs - (nowMs % HOUR_MS);
    const { key, host } = this.#named(contact, this.#refusals, (each) =>
      [hourMs, reason, hostKey(each)].join(" "),
    );
    const known = this.#refusals.get(key);
    const { purpose } = contact;
    this.#refusals.set(key, { host, purpose, reason, hourMs, count: (known?.count ?? 0) + 1 });
    this.#changed.add(`refusal ${key}`);
    return known === undefined;
  }

  sent(contact: EgressContact, bytes: number): void {
    this.#addBytes(contact, bytes, 0);
  }

  received(contact: EgressContact, bytes: number): void {
    this.#addBytes(contact, 0, bytes);
  }

  /** The rows that changed since the last call; they count as written from now on. */
  changes(): readonly EvidenceRow[] {
    const rows = Array.from(this.#changed, (name): EvidenceRow => {
      const kind = name.startsWith("host ") ? "host" : "refusal";
      const key = name.slice(kind.length + 1);
      const body = kind === "host" ? this.#hosts.get(key) : this.#refusals.get(key);
      return { kind, key, body: JSON.stringify(body) };
    });
    this.#changed.clear();
    return rows;
  }

  totals(): {
    readonly hosts: readonly HostEvidence[];
    readonly refusals: readonly RefusalEvidence[];
  } {
    return { hosts: [...this.#hosts.values()], refusals: [...this.#refusals.values()] };
  }

  /** Whether anything in it may be newer than that instant. */
  hasNewsSince(atMs: number): boolean {
    return (
      [...this.#hosts.values()].some(({ lastAtMs }) => lastAtMs >= atMs) ||
      [...this.#refusals.values()].some(({ hourMs }) => hourMs + HOUR_MS >= atMs)
    );
  }

  /** Forgets refusals of hours before that instant, and says the keys of their rows. */
  forgetHours(beforeMs: number): readonly string[] {
    const old = [...this.#refusals].filter(([, { hourMs }]) => hourMs + HOUR_MS < beforeMs);
    for (const [key] of old) {
      this.#refusals.delete(key);
      this.#changed.delete(`refusal ${key}`);
    }
    return old.map(([key]) => key);
  }

  #setHost(key: string, evidence: HostEvidence): void {
    this.#hosts.set(key, evidence);
    this.#changed.add(`host ${key}`);
  }

  #addBytes(contact: EgressContact, sent: number, received: number): void {
    const { key } = this.#named(contact, this.#hosts, hostKey);
    const known = this.#hosts.get(key);
    if (known === undefined || sent + received === 0) return;
    const bytesSent = known.bytesSent + sent;
    this.#setHost(key, { ...known, bytesSent, bytesReceived: known.bytesReceived + received });
  }

  /** The key of a contact, or of all others once there are too many to tell apart. */
  #named(
    { host, purpose }: EgressContact,
    known: ReadonlyMap<string, unknown>,
    keyOf: (contact: Pick<EgressContact, "host" | "purpose">) => string,
  ): { readonly key: string; readonly host: string } {
    const short = host.slice(0, HOST_CHARS_MAX);
    const key = keyOf({ host: short, purpose });
    if (known.has(key) || known.size < EVIDENCE_KEYS_MAX) return { key, host: short };
    return { key: keyOf({ host: OTHERS, purpose }), host: OTHERS };
  }
}

function hostKey({ host, purpose }: Pick<EgressContact, "host" | "purpose">): string {
  return `${host} ${purpose}`;
}
