import type { SourceId } from "../src/core/ids.ts";
import { formatName } from "../src/region/object-names.ts";
import type { QueueStatus } from "../src/services.ts";
import type { RaisedAlert } from "../src/workspace/alerts.ts";
import {
  archiveSigns,
  isRefusing,
  WEIGHED_MS,
  type QueueBaseline,
} from "../src/workspace/queue-watch.ts";
import type { QueueRef } from "../src/workspace/source-config.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

const ARCHIVE_ALERTS = ["archive_conflict", "archive_failing", "archive_lag"] as const;

/** What a Workspace makes of looks at its queues; a queue that holds nothing is not looked at. */
export class QueueWatch {
  readonly #turn: WorkspaceTurn;
  /** By queue; in memory, so that after a start refusals are weighed anew. */
  readonly #baselines = new Map<string, QueueBaseline>();

  constructor(turn: WorkspaceTurn) {
    this.#turn = turn;
  }

  look(sourceId: SourceId, queue: QueueRef, status: QueueStatus, nowMs: number): void {
    const raiser = formatName({ kind: "queue", sourceId, ...queue });
    const signs = archiveSigns(status, nowMs);
    for (const code of ARCHIVE_ALERTS) this.#set(code, raiser, sourceId, signs.get(code));
    const { totals } = status;
    if (totals === undefined) return;
    const before = this.#baselines.get(raiser);
    if (before !== undefined && nowMs - before.atMs < WEIGHED_MS) return;
    this.#baselines.set(raiser, { atMs: nowMs, ...totals });
    // A queue that was empty meanwhile was not looked at.
    if (before === undefined || nowMs - before.atMs > 2 * WEIGHED_MS) return;
    const sinceMs = isRefusing(before, totals) ? before.atMs : undefined;
    this.#set("events_refused", raiser, sourceId, sinceMs);
  }

  #set(code: RaisedAlert, raiser: string, sourceId: SourceId, sinceMs: number | undefined): void {
    const { alerts } = this.#turn;
    if (sinceMs === undefined) alerts.clear(code, raiser);
    else alerts.raise(code, raiser, sourceId, sinceMs);
  }
}
