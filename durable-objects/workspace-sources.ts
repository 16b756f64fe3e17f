import { newChildId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import type { AuditAction } from "../src/workspace/audit.ts";
import { changedFields, comparableSettings } from "../src/workspace/config-document.ts";
import { SOURCES_MAX, type AdminRefusal, type Answer, type Page } from "../src/workspace/ports.ts";
import type { PageOf } from "../src/workspace/ports.ts";
import { GRACE_MS, newLeaving } from "../src/workspace/leaving.ts";
import { raisedShards } from "../src/workspace/route.ts";
import { viewSource, type SourceView, type WriteKeyView } from "../src/workspace/source-view.ts";
import {
  createSource,
  deleteSource,
  nextVersion,
  patchSource,
  type Source,
  type SourceDraft,
  type SourcePatch,
  type SourceRefusal,
} from "../src/workspace/source.ts";
import { addKey, retireKey, type KeyVersion } from "../src/workspace/write-key-versions.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

/** Bytes that key the fingerprints of one source. */
const FINGERPRINT_KEY_BYTES = 16;

/** Refusals of a place, by the field that asked for it. */
const PLACE_FIELDS: Partial<Record<SourceRefusal["kind"], string>> = {
  "ingest-region-not-allowed": "ingestRegion",
  "archive-location-not-allowed": "archiveLocations",
  "source-type-not-in-region": "type",
};

const NO_SOURCE: AdminRefusal = { kind: "not-found", what: "source" };

/** The sources of a workspace, as the management API changes them. Each act runs inside a turn. */
export class WorkspaceSources {
  readonly #turn: WorkspaceTurn;

  constructor(turn: WorkspaceTurn) {
    this.#turn = turn;
  }

  list(page: Page): Answer<PageOf<SourceView>> {
    const found = this.#turn.tables.sources(page.after, page.limit + 1);
    const shown = found.slice(0, page.limit);
    const next = found.length > page.limit ? shown.at(-1)?.id : undefined;
    return ok({ data: shown.map((source) => this.view(source)), next });
  }

  /** A source that is not deleted. */
  find(id: string): Answer<Source> {
    const source = this.#turn.tables.source(id);
    return source === undefined || source.deletedAtMs !== undefined ? err(NO_SOURCE) : ok(source);
  }

  show(id: string): Answer<SourceView> {
    const source = this.find(id);
    return source.ok ? ok(this.view(source.value)) : source;
  }

  add(by: Acting, draft: SourceDraft): Answer<Source> {
    const { tables, id, home, random } = this.#turn;
    if (tables.sourceCount() >= SOURCES_MAX) {
      return err({ kind: "limit-reached", what: "sources", max: SOURCES_MAX });
    }
    const key = random(FINGERPRINT_KEY_BYTES);
    const made = createSource(draft, {
      id: newChildId("src", id, random),
      home,
      fingerprintKey: Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join(""),
      nowMs: by.nowMs,
    });
    if (!made.ok) return this.#refused(by, id, made.error);
    tables.save(made.value);
    this.#turn.note(by, "source.create", made.value.id);
    return made;
  }

  change(by: Acting, id: string, patch: SourcePatch): Answer<Source> {
    const held = this.find(id);
    if (!held.ok) return held;
    const fields = changedFields(comparableSettings(held.value), patch);
    if (fields.length === 0) return held;
    const { home, config } = this.#turn;
    const place = { home, nowMs: by.nowMs, windowMs: config.windowMs };
    const changed = patchSource(held.value, patch, place);
    if (!changed.ok) return this.#refused(by, held.value.id, changed.error);
    this.#turn.tables.save(changed.value);
    this.#turn.note(by, "source.update", held.value.id, fields);
    return changed;
  }

  /** Takes the source off at once; what it has is deleted when the grace is over. */
  remove(by: Acting, id: string): Answer<Source> {
    const held = this.find(id);
    if (!held.ok) return held;
    const { tables, leavings, random } = this.#turn;
    const deleted = deleteSource(held.value, by.nowMs);
    tables.save(deleted);
    const at = { nowMs: by.nowMs, deletesAtMs: by.nowMs + GRACE_MS };
    leavings.add(newLeaving(newChildId("job", this.#turn.id, random), deleted.id, at));
    this.#turn.note(by, "source.delete", held.value.id);
    return ok(deleted);
  }

  addKey(by: Acting, id: string): Answer<WriteKeyView> {
    const held = this.find(id);
    if (!held.ok) return held;
    const keys = addKey(held.value.keys, by.nowMs);
    if (!keys.ok) return keys;
    const version = keys.value.at(-1)?.version ?? 0;
    return this.#saveKeys(by, held.value, keys.value, { action: "write-key.create", version });
  }

  retireKey(by: Acting, id: string, version: number): Answer<WriteKeyView> {
    const held = this.find(id);
    if (!held.ok) return held;
    const keys = retireKey(held.value.keys, version, by.nowMs);
    if (!keys.ok) return keys;
    return this.#saveKeys(by, held.value, keys.value, { action: "write-key.retire", version });
  }

  /** Doubles the shards for a queue of `epoch` that nears its cap; the source, if it changed. */
  raiseShards(by: Acting, id: string, epoch: number): Source | undefined {
    const held = this.find(id);
    if (!held.ok) return undefined;
    const shards = raisedShards(held.value.route, epoch);
    if (shards === undefined) return undefined;
    const changed = this.change(by, id, { shards });
    return changed.ok ? changed.value : undefined;
  }

  view(source: Source): SourceView {
    return viewSource(source, this.#turn.config.writeKeySecrets[this.#turn.home]);
  }

  /** A place outside of the home is refused like any other mistake, and recorded besides. */
  #refused(by: Acting, subject: string, refusal: SourceRefusal): Answer<never> {
    const field = PLACE_FIELDS[refusal.kind];
    if (field !== undefined) this.#turn.note(by, "placement.refused", subject, [field]);
    return err(refusal);
  }

  #saveKeys(
    by: Acting,
    source: Source,
    keys: readonly KeyVersion[],
    what: { readonly action: AuditAction; readonly version: number },
  ): Answer<WriteKeyView> {
    const changed = nextVersion({ ...source, keys }, by.nowMs);
    this.#turn.tables.save(changed);
    this.#turn.note(by, what.action, source.id, [String(what.version)]);
    const shown = this.view(changed).writeKeys.find((key) => key.version === what.version);
    if (shown === undefined) throw new Error("Cannot show a write key: its version is not held");
    return ok(shown);
  }
}
