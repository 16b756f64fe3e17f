import { nextEntry, type AuditEntry, type AuditFact } from "../../src/workspace/audit.ts";
import { entryLine, headLine } from "../../src/workspace/audit-export.ts";
import {
  keyField,
  newAuditKey,
  signHead,
  type AuditKey,
  type SignedHead,
} from "../../src/workspace/audit-head.ts";
import type { WorkspaceId } from "../../src/core/ids.ts";

export const WORKSPACE_ID: WorkspaceId = "ws_eu_0123456789abcdef";
export const DAY_MS = 86_400_000;
/** Noon of a day. */
export const START_MS = Date.UTC(2026, 10, 22, 12);

/** A chain that grows, with the key that signs it. */
export type TestChain = {
  readonly key: AuditKey;
  readonly entries: readonly AuditEntry[];
  readonly days: readonly SignedHead[];
};

/** A new chain of a workspace, as a creation begins it. */
export async function newChain(): Promise<TestChain> {
  const key = await newAuditKey();
  const begun = { key, entries: [], days: [] };
  return extend(begun, [
    { action: "workspace.create", fields: [] },
    { action: "audit-key.create", fields: [keyField(key.publicKey)] },
  ]);
}

/** The chain with more entries, one each minute. */
export function extend(
  chain: TestChain,
  facts: readonly Pick<AuditFact, "action" | "fields">[],
): TestChain {
  const entries = [...chain.entries];
  for (const fact of facts) {
    const atMs = START_MS + entries.length * 60_000;
    const ids = { actor: "operator", subject: WORKSPACE_ID };
    entries.push(nextEntry(entries.at(-1), { ...fact, ...ids, atMs }));
  }
  return { ...chain, entries };
}

/** The chain with a head of the day that is `day` days after the first. */
export async function withDay(chain: TestChain, day: number): Promise<TestChain> {
  return { ...chain, days: [...chain.days, await headOf(chain, START_MS + day * DAY_MS)] };
}

/** The chain's head, signed at that time. */
export function headOf({ key, entries }: TestChain, atMs: number): Promise<SignedHead> {
  const last = entries.at(-1);
  if (last === undefined) throw new Error("Cannot test: the chain has no entry");
  return signHead({ workspaceId: WORKSPACE_ID, seq: last.seq, hash: last.hash, atMs }, key);
}

/** The export of a chain, as `GET /api/v1/audit/export` gives it. */
export async function exportOf(chain: TestChain, atMs = START_MS + DAY_MS): Promise<string> {
  const head = headLine(await headOf(chain, atMs));
  return [head, ...chain.entries.map(entryLine), ...chain.days.map(headLine)].join("");
}
