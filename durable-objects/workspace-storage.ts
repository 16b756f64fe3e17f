import { DurableObject } from "cloudflare:workers";

import { ownBucket, sessionName, stsCaller, stsContext } from "../src/archive/own-bucket/open.ts";
import { bucketDocuments } from "../src/archive/own-bucket/policies.ts";
import {
  ownBucketOf,
  refuseOwnBucket,
  type OwnBucketDraft,
} from "../src/archive/own-bucket/settings.ts";
import type { Verification } from "../src/archive/own-bucket/verification.ts";
import { verifyOwnBucket } from "../src/archive/own-bucket/verify.ts";
import { randomBase32 } from "../src/core/base32.ts";
import type { SourceId } from "../src/core/ids.ts";
import { err, ok, type Result } from "../src/core/result.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import { isAtAws, type OwnBucket, type OwnBucketName } from "../src/region/own-bucket.ts";
import { endpointIn, type S3Endpoint } from "../src/region/s3-endpoints.ts";
import { assumeRole, callerArn } from "../src/s3/sts.ts";
import type { Alert } from "../src/workspace/alerts.ts";
import {
  SOURCES_MAX,
  type AdminCall,
  type AdminRefusal,
  type Answer,
} from "../src/workspace/ports.ts";
import type { SealedBucketKey } from "../src/workspace/own-bucket-key.ts";
import { nextVersion, type Source } from "../src/workspace/source.ts";
import {
  afterVerification,
  bucketToVerify,
  externalIdFor,
  keyToVerify,
  shownStorage,
  verifyAgainAtMs,
  withCandidate,
  withPlatform,
  withSweep,
  type ShownStorage,
  type SourceStorage,
} from "../src/workspace/storage.ts";
import type { BucketKeysPort, StoragePort, StorageSetup } from "../src/workspace/storage-ports.ts";
import type { Env } from "./reach.ts";
import { bucketKeyOf, openKeptKey, sealedKeyOf } from "./workspace-bucket-keys.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

/** What the calls about storage act on. */
export type StorageParts = {
  readonly turn: WorkspaceTurn;
  /** Tells the queues of a source what changed. */
  announce(id: SourceId): Promise<void>;
  /** The evidence of this object's own requests. */
  readonly observer: () => EgressObserver;
};

/** What is verified: a bucket, with the sealed key that was handed in for it. */
type AskedBucket = { readonly own: OwnBucket; readonly key: string | undefined };

const NO_STORAGE: SourceStorage = { buckets: [], named: 0 };
const NONCE_CHARS = 12;
/** Cron comes each minute; sources are looked through less often, since a day is what they have. */
const LOOK_EVERY_MS = 600_000;

/** The calls of a Workspace about buckets of the customer's; a base of the object, as calls are methods. */
export abstract class WorkspaceStorage
  extends DurableObject<Env>
  implements StoragePort, BucketKeysPort
{
  protected abstract readonly delivery: StorageParts;
  #lookedAtMs = 0;

  async storageSetup(
    call: AdminCall,
    id: string,
    draft: OwnBucketDraft,
  ): Promise<Answer<StorageSetup>> {
    const asked = this.delivery.turn.act(call, () => this.#asked(id, draft));
    if (!asked.ok) return asked;
    const { own, source } = asked.value;
    const opening = this.#opening(source.id);
    const endpoint = this.#endpointOf(own);
    if (endpoint !== undefined) return ok({ kind: "endpoint", own, endpoint });
    if (!isAtAws(own)) throw new Error("Cannot set up a bucket: it is at no endpoint");
    const arn = await callerArn(
      stsCaller(opening.config, own.location),
      stsContext(opening, own.location),
    );
    if (!arn.ok) return err({ kind: "sts-unanswered", code: arn.error.code });
    const documents = bucketDocuments(own, arn.value);
    return ok({ kind: "aws", own, platformArn: arn.value, documents });
  }

  async storage(call: AdminCall, id: string): Promise<Answer<ShownStorage>> {
    return this.delivery.turn.act(call, () => {
      const source = this.#source(id);
      return source.ok ? ok(shownStorage(source.value.storage ?? NO_STORAGE)) : source;
    });
  }

  async ownBucketKey(
    sourceId: SourceId,
    name: OwnBucketName,
  ): Promise<SealedBucketKey | undefined> {
    const { turn } = this.delivery;
    if (!turn.isCreated) return undefined;
    return bucketKeyOf(turn, turn.tables.source(sourceId)?.storage?.keys?.[name]);
  }

  async setStorage(
    call: AdminCall,
    id: string,
    draft: OwnBucketDraft | undefined,
  ): Promise<Answer<ShownStorage>> {
    const changed = this.delivery.turn.act(call, (by) => {
      if (draft === undefined) {
        const held = this.#source(id);
        return held.ok ? this.#save(by, held.value, withPlatform(held.value.storage)) : held;
      }
      const asked = this.#asked(id, draft);
      if (!asked.ok) return asked;
      const { source, own } = asked.value;
      const key = sealedKeyOf(this.delivery.turn, source.id, draft);
      return this.#save(by, source, withCandidate(source.storage, draft, own.externalId, key));
    });
    if (changed.ok) await this.delivery.announce(id as SourceId);
    return changed;
  }

  async verifyStorage(
    call: AdminCall,
    id: string,
    patienceMs: number,
  ): Promise<Answer<{ readonly storage: ShownStorage; readonly verification: Verification }>> {
    const found = this.delivery.turn.act(call, (by) => {
      const held = this.#source(id);
      if (!held.ok) return held;
      const own = bucketToVerify(held.value.storage);
      if (own === undefined) return err<AdminRefusal>({ kind: "storage-not-own" });
      const key = keyToVerify(held.value.storage);
      return ok({ own, key, actor: by.actor, sourceId: held.value.id });
    });
    if (!found.ok) return found;
    const { actor, sourceId, ...asked } = found.value;
    const verification = await this.#verify(sourceId, asked, patienceMs);
    const storage = await this.#settle(actor, sourceId, asked, verification);
    return ok({ storage, verification });
  }

  /** Verifies once a day each own bucket that is in use, and hourly one that failed. Called by cron. */
  protected async verifyDue(nowMs: number): Promise<void> {
    if (nowMs - this.#lookedAtMs < LOOK_EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    for (const source of this.#withStorage()) {
      const own = source.storage?.buckets.find(({ name }) => name === source.storage?.current);
      if (own === undefined || (verifyAgainAtMs(source.storage) ?? Infinity) > nowMs) continue;
      // A candidate has its own verification, at its owner's word.
      if (source.storage?.candidate !== undefined) continue;
      const asked = { own, key: keyToVerify(source.storage) };
      const verification = await this.#verify(source.id, asked, 0);
      await this.#settle("queue", source.id, asked, verification);
    }
  }

  /** Own buckets whose verification fails: their sources' events wait, or soon will. */
  protected storageAlerts(): readonly Alert[] {
    const failing = this.#withStorage().flatMap(({ storage }) => storage?.failingSinceMs ?? []);
    if (failing.length === 0) return [];
    return [{ code: "own_bucket_failing", sinceMs: Math.min(...failing), count: failing.length }];
  }

  #verify(
    sourceId: SourceId,
    { own, key }: AskedBucket,
    patienceMs: number,
  ): Promise<Verification> {
    const opening = {
      ...this.#opening(sourceId),
      secretOf: async () => openKeptKey(this.delivery.turn, sourceId, key),
    };
    const nonce = randomBase32(NONCE_CHARS, (length) =>
      crypto.getRandomValues(new Uint8Array(length)),
    );
    return verifyOwnBucket({
      own,
      endpoint: this.#endpointOf(own),
      assume: (roleArn, externalId) =>
        assumeRole(
          stsCaller(opening.config, own.location),
          {
            roleArn,
            sessionName: sessionName(sourceId),
            ...(externalId === undefined ? {} : { externalId }),
          },
          stsContext(opening, own.location),
        ),
      open: (purpose) => ownBucket(opening, own, purpose),
      wait: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
      now: () => Date.now(),
      patienceMs,
      nonce,
    });
  }

  async sweepStorage(
    call: AdminCall,
    id: string,
    bucket: string,
    isSwept: boolean,
  ): Promise<Answer<ShownStorage>> {
    const answer = this.delivery.turn.act(call, (by) => {
      const source = this.#source(id);
      if (!source.ok) return source;
      const next = withSweep(source.value.storage, bucket, isSwept);
      if (next === undefined) return err({ kind: "storage-not-own" });
      return this.#save(by, source.value, next);
    });
    if (answer.ok) await this.delivery.announce(id as SourceId);
    return answer;
  }

  /** Takes the outcome over, if the bucket is still the one that was asked for. */
  async #settle(
    actor: string,
    sourceId: SourceId,
    { own, key }: AskedBucket,
    verification: Verification,
  ): Promise<ShownStorage> {
    const { turn } = this.delivery;
    const settled = turn.transaction(() => {
      const source = this.#source(sourceId);
      const held = source.ok ? source.value.storage : undefined;
      if (!source.ok || held === undefined) return NO_STORAGE;
      // Another key was handed in meanwhile: what was found says nothing of it.
      if (keyToVerify(held) !== key) return shownStorage(held);
      const next = afterVerification(held, own, verification);
      const isSwitched = next.current !== held.current;
      const by = { actor, nowMs: Date.now() };
      if (isSwitched) return this.#saved(by, source.value, next);
      // What Workers and queues hold is the same, so it is no new version of the source.
      turn.tables.save({ ...source.value, storage: next });
      return shownStorage(next);
    });
    await this.delivery.announce(sourceId);
    return settled;
  }

  #save(by: Acting, source: Source, storage: SourceStorage): Answer<ShownStorage> {
    return ok(this.#saved(by, source, storage));
  }

  #saved(by: Acting, source: Source, storage: SourceStorage): ShownStorage {
    const { turn } = this.delivery;
    turn.tables.save(nextVersion({ ...source, storage }, by.nowMs));
    turn.note(by, "storage.update", source.id, [
      storage.candidate?.name ?? storage.current ?? "platform",
    ]);
    return shownStorage(storage);
  }

  #endpointOf({ endpoint = "" }: OwnBucket): S3Endpoint | undefined {
    const { home, config } = this.delivery.turn;
    const known = endpointIn(home, endpoint, config.s3Endpoints);
    return known.ok ? known.value : undefined;
  }

  #asked(
    id: string,
    draft: OwnBucketDraft,
  ): Result<{ readonly source: Source; readonly own: OwnBucket }, AdminRefusal> {
    const source = this.#source(id);
    if (!source.ok) return source;
    const { home, config } = this.delivery.turn;
    const refused = refuseOwnBucket(draft, home, config.s3Endpoints);
    if (!refused.ok) return err({ kind: "storage-invalid", problems: refused.error });
    const externalId = externalIdFor(source.value, draft);
    const own = ownBucketOf(draft, { name: "own-1", externalId });
    return ok({ source: source.value, own });
  }

  #source(id: string): Result<Source, AdminRefusal> {
    const source = this.delivery.turn.tables.source(id);
    if (source === undefined || source.deletedAtMs !== undefined) {
      return err({ kind: "not-found", what: "source" });
    }
    return ok(source);
  }

  #withStorage(): readonly Source[] {
    const sources = this.delivery.turn.tables.sources(undefined, SOURCES_MAX);
    return sources.filter(({ storage }) => storage !== undefined);
  }

  #opening(sourceId: SourceId) {
    const { turn, observer } = this.delivery;
    return { config: turn.config, sourceId, observe: observer(), now: () => Date.now() };
  }
}
