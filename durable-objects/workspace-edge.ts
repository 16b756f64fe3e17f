import { err, ok } from "../src/core/result.ts";
import { edgeSettings, mayChoosePolicy, type EdgeSettings } from "../src/region/edge.ts";
import type { Answer, WorkspaceSettings } from "../src/workspace/ports.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

/** A workspace's name and what it wants of requests by their place. Each act runs inside a turn. */
export class WorkspaceEdge {
  readonly #turn: WorkspaceTurn;

  constructor(turn: WorkspaceTurn) {
    this.#turn = turn;
  }

  settings(): EdgeSettings {
    return edgeSettings(this.#turn.home, this.#turn.tables.workspace()?.edge ?? {});
  }

  /** Takes over what the change says; refuses all of it when the home rules out a part. */
  change(by: Acting, change: WorkspaceSettings): Answer<void> {
    const { tables, home, id } = this.#turn;
    const { edgePolicy } = change;
    if (edgePolicy !== undefined && !mayChoosePolicy(home, edgePolicy)) {
      return err({ kind: "edge-policy-not-allowed", home });
    }
    const fields = Object.keys(change);
    if (fields.length === 0) return ok(undefined);
    tables.settle(change);
    this.#turn.note(by, "workspace.update", id, fields);
    return ok(undefined);
  }
}
