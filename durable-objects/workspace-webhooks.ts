import { err, ok, type Result } from "../src/core/result.ts";
import type { Deliverer } from "../src/deliver/deliverer.ts";
import { ownProblems } from "../src/deliver/own.ts";
import { signedWebhook, WEBHOOK } from "../src/deliver/webhook.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import type { AlertTest } from "../src/workspace/alert-ports.ts";
import type { AdminRefusal } from "../src/workspace/ports.ts";
import { deliverNotice } from "./notice-sender.ts";
import { openOfWorkspace, sealForWorkspace } from "./workspace-secrets.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** A webhook that a workspace tells something other than events. */
export type NoticeWebhook = {
  readonly url: string;
  /** Hosts that the workspace declares to be in its region. */
  readonly hosts: readonly string[];
};

export type OpeningWebhook = {
  readonly turn: WorkspaceTurn;
  readonly observer: EgressObserver;
  readonly webhook: NoticeWebhook | undefined;
  /** The secret that signs, as it is held. */
  readonly sealed: Uint8Array | undefined;
  /** What the secret is bound to. */
  readonly place: string;
  /** What evidence says of these requests. */
  readonly purpose: string;
  readonly isBodySigned?: boolean;
};

/** The webhook made ready; `undefined` when there is none, or when it cannot be made from what is held. */
export function openWebhook(opening: OpeningWebhook): Deliverer | undefined {
  const { turn, observer, webhook, sealed, place, purpose, isBodySigned = false } = opening;
  if (webhook === undefined || sealed === undefined) return undefined;
  try {
    const ground = {
      region: turn.home,
      settings: { url: webhook.url, secret: openOfWorkspace(turn, place, sealed) },
      declaredHosts: webhook.hosts,
      development: turn.config.environment === "development",
      observe: observer,
    };
    return signedWebhook(ground, purpose, () => Date.now(), { isBodySigned });
  } catch {
    return undefined;
  }
}

/** The secret to keep with a webhook that is about to be set: the one it names, else the one that is held. */
export function secretOfDraft(
  turn: WorkspaceTurn,
  draft: NoticeWebhook & { readonly secret?: string },
  { place, held }: { readonly place: string; readonly held: Uint8Array | undefined },
): Result<Uint8Array, AdminRefusal> {
  const { url, hosts, secret } = draft;
  const problems = ownProblems(WEBHOOK.slug, turn.home, {
    settings: { url, ...(secret === undefined ? {} : { secret }) },
    declaredHosts: hosts,
  });
  const sealed = secret === undefined ? held : sealForWorkspace(turn, place, secret);
  if (sealed !== undefined && problems.length === 0) return ok(sealed);
  const all = sealed === undefined ? [...problems, "secret is missing"] : problems;
  return err({ kind: "destination-settings-invalid", problems: all });
}

/** Sends one notice that says it is a test, past those that wait. */
export async function testWebhook(
  deliverer: Deliverer | undefined,
  id: string,
  body: Readonly<Record<string, unknown>>,
): Promise<AlertTest> {
  if (deliverer === undefined) return { state: "not-ready", code: undefined };
  const outcome = await deliverNotice(deliverer, id, body);
  return outcome.kind === "delivered"
    ? { state: "delivered", code: String(outcome.status) }
    : { state: outcome.kind === "retry" ? "retry" : "rejected", code: outcome.code };
}
