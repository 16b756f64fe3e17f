import { newChildId, type SourceId } from "../src/core/ids.ts";
import { sipKey } from "../src/core/siphash.ts";
import { err, ok } from "../src/core/result.ts";
import { USER_HASH_BYTES } from "../src/ingest/append.ts";
import { hashAnonymousId, hashUserId } from "../src/ingest/event-hashes.ts";
import type { SuppressedUsers } from "../src/ingest/queue/suppressions.ts";
import { commitmentOf, newSalt } from "../src/regulation/commitment.ts";
import {
  effectsOf,
  type NewRegulation,
  type RegulationDraft,
  type SubjectType,
} from "../src/regulation/regulation.ts";
import type { Alert } from "../src/workspace/alerts.ts";
import type { AdminCall, Answer, Page } from "../src/workspace/ports.ts";
import type { PrivacyPort } from "../src/workspace/privacy-ports.ts";
import { WorkspaceDelivery } from "./workspace-delivery.ts";
import type { WorkspaceJournal } from "./workspace-journal.ts";
import type { WorkspaceRegulations } from "./workspace-regulations.ts";

/** Standing refusals of one workspace: 8 bytes of hash each in the memory of every queue, twice. */
const SUPPRESSIONS_MAX = 500_000;

/** Hashes made room for at first. */
const HASHES_FIRST = 1024;

/** What these calls act on, besides what those about destinations do. */
export type PrivacyParts = {
  readonly regulations: WorkspaceRegulations;
  readonly journal: WorkspaceJournal;
  /** Sets the alarm for whatever is due first. */
  arm(): Promise<void>;
};

/** The calls of a Workspace about users who want to be forgotten. */
export abstract class WorkspacePrivacy extends WorkspaceDelivery implements PrivacyPort {
  protected abstract readonly privacy: PrivacyParts;
  /** One after the other: the answer to repeat is held only once the journal has the request. */
  #last: Promise<unknown> = Promise.resolve();

  async regulate(call: AdminCall, draft: RegulationDraft): Promise<Answer<NewRegulation>> {
    const { turn } = this.delivery;
    const begun = this.#last.then(async () => {
      // What a repetition is answered, or why it is refused, is known before anything is written.
      const first = turn.act(call, () => this.#refusalOf(draft));
      const isNew = !first.ok && first.error.kind === "journal-unanswered";
      return { answer: isNew ? await this.#regulate(call, draft) : first, isNew };
    });
    this.#last = begun.catch(() => undefined);
    const { answer, isNew } = await begun;
    if (!answer.ok || !isNew) return answer;
    await this.privacy.arm();
    this.ctx.waitUntil(this.privacy.regulations.run().catch(() => undefined));
    return answer;
  }

  async regulations(call: AdminCall, page: Page) {
    const { turn } = this.delivery;
    return turn.act(call, () => {
      const found = turn.regulations.page(page.after, page.limit + 1);
      const data = found.slice(0, page.limit);
      const next = found.length > page.limit ? data.at(-1)?.id : undefined;
      return ok({ data, next });
    });
  }

  async regulation(call: AdminCall, id: string) {
    const { turn } = this.delivery;
    return turn.act(call, () => {
      const found = turn.regulations.regulation(id);
      if (found === undefined) return err({ kind: "not-found", what: "regulation" });
      const subjectIds = turn.regulations.subjects(found.id);
      const { step, parts, counts, certificate } = this.privacy.regulations.progress(found);
      const linkedIds = counts["linkedAnonymousIds"] ?? turn.regulations.linkCount(found.id);
      return ok({ ...found, subjectIds, step, parts, certificate, linkedIds });
    });
  }

  async suppressions(call: AdminCall, { after, limit }: Page) {
    const { turn } = this.delivery;
    return turn.act(call, () => {
      const found = turn.regulations.suppressions(Number(after ?? 0) || 0, limit + 1);
      const data = found.slice(0, limit);
      const next = found.length > limit ? String(data.at(-1)?.position) : undefined;
      return ok({ data, next });
    });
  }

  async findSuppressions(call: AdminCall, subjectType: SubjectType, ids: readonly string[]) {
    const { turn } = this.delivery;
    return turn.act(call, () =>
      ok(ids.flatMap((id) => turn.regulations.suppressionsOf(subjectType, id))),
    );
  }

  async suppressedUsers(sourceId: SourceId): Promise<SuppressedUsers | undefined> {
    const { turn } = this.delivery;
    const source = turn.isCreated ? turn.tables.source(sourceId) : undefined;
    if (source === undefined) return undefined;
    const key = sipKey(source.fingerprintKey);
    let hashes = new Uint8Array(HASHES_FIRST * USER_HASH_BYTES);
    let end = 0;
    for (const { subjectType, subjectId } of turn.regulations.suppressedIn(sourceId)) {
      if (end === hashes.byteLength) {
        const larger = new Uint8Array(end * 2);
        larger.set(hashes);
        hashes = larger;
      }
      const hash = subjectType === "USER_ID" ? hashUserId : hashAnonymousId;
      hash(key, subjectId, hashes.subarray(end, end + USER_HASH_BYTES));
      end += USER_HASH_BYTES;
    }
    return { version: turn.regulations.version(), hashes: hashes.slice(0, end) };
  }

  protected override openAlerts(nowMs: number): readonly Alert[] {
    return [...super.openAlerts(nowMs), ...this.privacy.regulations.alerts(nowMs)];
  }

  /** An object's storage is from before deletions that it took part in; see `RestoreGuard`. */
  async wasSetBack(object: string, number: number): Promise<void> {
    if (!this.delivery.turn.isCreated || !this.privacy.regulations.repeat(object, number)) return;
    await this.privacy.arm();
    this.ctx.waitUntil(this.privacy.regulations.run().catch(() => undefined));
  }

  /** Why a request is refused; unless anything else, because it is in no journal yet. */
  #refusalOf(draft: RegulationDraft): Answer<NewRegulation> {
    const { turn } = this.delivery;
    const { type, subjectType, subjectIds, sourceId } = draft;
    if (sourceId !== undefined && turn.tables.source(sourceId) === undefined) {
      return err({ kind: "not-found", what: "source" });
    }
    const { suppression } = effectsOf(type);
    const held = turn.regulations.suppressionCount();
    if (suppression === "add" && held + subjectIds.length > SUPPRESSIONS_MAX) {
      return err({ kind: "limit-reached", what: "suppressions", max: SUPPRESSIONS_MAX });
    }
    const isHeldAbove = (id: string): boolean =>
      turn.regulations.suppressionsOf(subjectType, id).some((each) => each.sourceId === undefined);
    if (suppression === "lift" && sourceId !== undefined && subjectIds.some(isHeldAbove)) {
      return err({ kind: "suppressed-in-workspace" });
    }
    return err({ kind: "journal-unanswered" });
  }

  /** From its entry in the journal on, a request counts: also when the one who asked is gone. */
  async #regulate(call: AdminCall, draft: RegulationDraft): Promise<Answer<NewRegulation>> {
    const { turn } = this.delivery;
    const { type, subjectType, subjectIds } = draft;
    const id = newChildId("reg", turn.id, turn.random);
    const createdAtMs = Date.now();
    const commitmentSalt = newSalt(turn.random);
    const commitment = commitmentOf(commitmentSalt, subjectType, subjectIds);
    const entry = await this.privacy.journal.add((number) => {
      return { number, id, createdAtMs, commitment, draft };
    });
    if (entry === undefined) return err({ kind: "journal-unanswered" });
    const work = (): Answer<NewRegulation> => {
      const by = { actor: call.credential.tokenId, nowMs: createdAtMs };
      turn.note(by, "regulation.create", id, [type]);
      const made = turn.regulations.regulation(id);
      if (made === undefined) throw new Error("Cannot show the regulation: it was not written");
      return ok({ ...made, commitmentSalt });
    };
    return turn.once(call.idempotency, () => ({ work }));
  }
}
