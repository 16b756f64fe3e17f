import { err, ok, type Result } from "../src/core/result.ts";
import type { EdgeSettings } from "../src/region/edge.ts";
import type { AuditKey } from "../src/workspace/audit-head.ts";
import type {
  Answer,
  Creation,
  WorkspaceChange,
  WorkspaceDetails,
  WorkspaceView,
} from "../src/workspace/ports.ts";
import { lockRegion, type RegionLocked } from "../src/workspace/region-lock.ts";
import { isoTime } from "../src/workspace/source-view.ts";
import type { TokenDraft } from "../src/workspace/token.ts";
import type { Reach } from "./reach.ts";
import type { WorkspaceTokens } from "./workspace-tokens.ts";
import type { WorkspaceAudit } from "./workspace-audit.ts";
import { WorkspaceEdge } from "./workspace-edge.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

/** The token of who redeems the invite. It does not expire: nobody else could make a new one. */
const FIRST_OWNER: TokenDraft = {
  name: "First owner",
  rights: ["owner", "events:read"],
  expiresAtMs: null,
};

/** The workspace itself: its region lock, its name, its first owner. */
export class WorkspaceSelf {
  readonly #turn: WorkspaceTurn;
  readonly #tokens: WorkspaceTokens;
  readonly #audit: WorkspaceAudit;
  readonly #edge: WorkspaceEdge;

  constructor(turn: WorkspaceTurn, tokens: WorkspaceTokens, audit: WorkspaceAudit) {
    this.#turn = turn;
    this.#tokens = tokens;
    this.#audit = audit;
    this.#edge = new WorkspaceEdge(turn);
  }

  /** Writes the region lock and begins the audit chain; runs inside a transaction. */
  create(creation: Creation, auditKey: AuditKey): Result<WorkspaceView, RegionLocked> {
    const { tables, home, id } = this.#turn;
    const held = this.#turn.isCreated ? tables.workspace()?.region : undefined;
    const locked = lockRegion(held, home, creation.region);
    const isOther = creation.id !== id || this.#turn.isDeparted;
    if (!locked.ok || isOther) {
      if (held !== undefined) this.#noteRefusal({ actor: "operator", nowMs: Date.now() });
      return locked.ok ? err({ kind: "region-locked", region: home }) : locked;
    }
    this.#turn.makeTables();
    tables.create(creation);
    const by = { actor: "operator", nowMs: creation.createdAtMs };
    this.#turn.note(by, "workspace.create", id);
    this.#audit.holdKey(by, auditKey);
    return ok(view(creation));
  }

  /** Uses the invite up and makes the first owner's token; runs inside a turn. */
  redeem(inviteSha256: string, nowMs: number): Answer<{ workspace: WorkspaceView; token: string }> {
    const { tables } = this.#turn;
    const workspace = tables.workspace();
    if (workspace === undefined || !tables.redeem(inviteSha256, nowMs)) {
      return err({ kind: "invite-invalid" });
    }
    const token = this.#tokens.add({ actor: "invite", nowMs }, FIRST_OWNER);
    if (!token.ok) return token;
    return ok({ workspace: view(workspace), token: token.value.text });
  }

  edge(): EdgeSettings {
    return this.#edge.settings();
  }

  describe(): Answer<WorkspaceDetails> {
    const held = this.#turn.tables.workspace();
    if (held === undefined) return err({ kind: "not-found", what: "workspace" });
    const { policy, answer } = this.#edge.settings();
    return ok({ ...view(held), edgePolicy: policy, edgeAnswer: answer });
  }

  /** Changes its settings. Any word of a region is refused, whatever it says, and the refusal is recorded. */
  change(by: Acting, change: WorkspaceChange): Answer<WorkspaceDetails> {
    if (change.region !== undefined) {
      this.#noteRefusal(by);
      return err({ kind: "region-locked", region: this.#turn.home });
    }
    const { region: _region, ...settings } = change;
    const changed = this.#edge.change(by, settings);
    return changed.ok ? this.describe() : changed;
  }

  #noteRefusal(by: Acting): void {
    this.#turn.note(by, "region.refused", this.#turn.id, ["region"]);
  }

  /** Keeps the operator's list right; what fails now is done by the next poke. */
  async tellDirectory(reach: Reach): Promise<void> {
    const held = this.#turn.tables.workspace();
    if (held === undefined || held.name === held.directoryName) return;
    const told = reach.directoryAdmin(this.#turn.home).rename(held.id, held.name);
    await told.then(
      () => this.#turn.tables.directoryTold(held.name),
      () => undefined,
    );
  }
}

function view(held: Pick<Creation, "id" | "name" | "region" | "createdAtMs">): WorkspaceView {
  const { id, name, region, createdAtMs } = held;
  return { id, name, region, createdAt: isoTime(createdAtMs) };
}
