import type { ReplayAct, ReplayId, ReplaySpec } from "../replay/replay.ts";
import type { AdminCall, Answer, Page, PageOf } from "./ports.ts";

/** A replay as its workspace keeps it. */
export type HeldReplay = { readonly spec: ReplaySpec; readonly isDryRun: boolean };

/** What a replay is asked for. */
export type ReplayDraft = Omit<ReplaySpec, "id" | "sourceId" | "destinationId" | "createdAtMs"> & {
  readonly sourceId: string;
  readonly destinationId: string;
  /** Whether events are counted first, and nothing is sent before somebody starts it. */
  readonly isDryRun: boolean;
};

/** What the management API asks of a workspace about replays; they run in objects of their own. */
export interface ReplaysPort {
  /** Writes the request down. The destination has to be one of the source's; it may be off. */
  addReplay(call: AdminCall, draft: ReplayDraft): Promise<Answer<HeldReplay>>;
  replays(call: AdminCall, page: Page): Promise<Answer<PageOf<HeldReplay>>>;
  replay(call: AdminCall, id: string): Promise<Answer<HeldReplay>>;
  /** Records what is about to be done with a replay. */
  noteReplayAct(call: AdminCall, id: string, act: ReplayAct): Promise<Answer<{ id: ReplayId }>>;
}
