import type { Leaving } from "./leaving.ts";
import type { AdminCall, Answer } from "./ports.ts";
import type { SourceView } from "./source-view.ts";

/** What the management API asks of a workspace about the deletion of a source, or of all of it. */
export interface LeavingPort {
  /** Takes no more events and revokes the keys; all of it is deleted once the grace is over. */
  removeSource(call: AdminCall, id: string): Promise<Answer<SourceLeaving>>;
  /** Takes that back, as long as nothing is deleted yet; the keys are live again. */
  restoreSource(call: AdminCall, id: string): Promise<Answer<SourceView>>;
  /** How the deletion of a source stands, also once it is over. */
  sourceLeaving(call: AdminCall, id: string): Promise<Answer<Leaving>>;
  /** The same for the workspace that is called. */
  removeWorkspace(call: AdminCall): Promise<Answer<Leaving>>;
  restoreWorkspace(call: AdminCall): Promise<Answer<Leaving>>;
  workspaceLeaving(call: AdminCall): Promise<Answer<Leaving>>;
}

export type SourceLeaving = { readonly source: SourceView; readonly leaving: Leaving };

/** What was asked for is not on its way out, or cannot be taken back any more. */
export type LeavingRefusal = { readonly kind: "not-leaving" } | { readonly kind: "leaving-begun" };

/** What a directory keeps of a workspace that was deleted; names nobody. */
export type Departure = {
  readonly id: string;
  readonly departedAtMs: number;
  readonly certificate: string;
};
