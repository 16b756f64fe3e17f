import { array, literal, number, object, string } from "valibot";

import { err, ok } from "../../core/result.ts";
import { entryLine, headLine, viewEntry } from "../../workspace/audit-export.ts";
import type { SignedHead } from "../../workspace/audit-head.ts";
import type { AdminCall, WorkspaceAdminPort } from "../../workspace/ports.ts";
import { isoTime } from "../../workspace/source-view.ts";
import { workspaceOperation, type Operation } from "../operation.ts";
import { problemOf } from "../refusals.ts";
import { page, pageOf, pageSchema } from "../schemas.ts";

const entryView = object({
  seq: number(),
  at: string(),
  actor: string(),
  action: string(),
  subject: string(),
  fields: array(string()),
  previous: string(),
  hash: string(),
});

const headView = object({
  algorithm: literal("ed25519"),
  publicKey: string(),
  seq: number(),
  hash: string(),
  at: string(),
  signature: string(),
});

/** Entries that one call to the workspace's object brings: about 400 KB, far below its 32 MiB. */
const EXPORT_PAGE_ENTRIES = 1000;

const NDJSON = "application/x-ndjson";

/** The audit chain: to look at page by page, and to take away as a whole and check elsewhere. */
export const AUDIT_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/audit",
    summary:
      "The audit chain, oldest first; each entry carries the hash of the one before it, and the last one is signed",
    query: page,
    answer: object({ ...pageSchema(entryView).entries, head: headView }),
    handle: async ({ workspace, call, query }) => {
      const entries = await workspace.audit(call, pageOf(query));
      if (!entries.ok) return err(problemOf(entries.error));
      const heads = await workspace.auditHead(call, false);
      if (!heads.ok) return err(problemOf(heads.error));
      return ok({
        data: entries.value.data.map(viewEntry),
        pagination: { next: entries.value.next ?? null },
        head: viewHead(heads.value.head),
      });
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/audit/export",
    summary:
      "The whole audit chain as lines of JSON: its signed head, its entries, the heads of its days",
    answer: string(),
    media: [NDJSON],
    isMediaOnly: true,
    handle: async ({ workspace, call }) => {
      const heads = await workspace.auditHead(call, true);
      if (!heads.ok) return err(problemOf(heads.error));
      const lines = exportLines(workspace, call, heads.value);
      return ok(new Response(streamOf(lines), { headers: EXPORT_HEADERS }));
    },
  }),
];

const EXPORT_HEADERS = {
  "content-type": NDJSON,
  "content-disposition": 'attachment; filename="homeport-audit.ndjson"',
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** @throws Error when the right is lost on the way: the answer then breaks off, and shows it. */
async function* exportLines(
  workspace: WorkspaceAdminPort,
  call: AdminCall,
  { head, days }: { readonly head: SignedHead; readonly days: readonly SignedHead[] },
): AsyncGenerator<string> {
  yield headLine(head);
  for (let after = 0; after < head.seq;) {
    const limit = Math.min(EXPORT_PAGE_ENTRIES, head.seq - after);
    const entries = await workspace.audit(call, { after: String(after), limit });
    if (!entries.ok) throw new Error("Cannot go on with an export: the token was refused");
    yield entries.value.data.map(entryLine).join("");
    after += entries.value.data.length;
    if (entries.value.data.length === 0) throw new Error("Cannot go on: the chain is shorter");
  }
  yield days.map(headLine).join("");
}

/** A stream that asks for the next lines only when the ones before were taken. */
function streamOf(lines: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await lines.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
}

function viewHead({ seq, hash, atMs, publicKey, signature }: SignedHead) {
  return { algorithm: "ed25519" as const, publicKey, seq, hash, at: isoTime(atMs), signature };
}
