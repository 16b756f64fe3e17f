import { parseId, type DestinationId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import type { Filter } from "../src/deliver/filter/filter.ts";
import type { LaneConfig, LaneReport } from "../src/deliver/lane/ports.ts";
import {
  deliveryAlerts,
  fitRange,
  FAILING_MS,
  type MetricsQuery,
} from "../src/workspace/delivery-metrics.ts";
import type {
  DeliveryMetrics,
  DestinationsPort,
  LaneAct,
} from "../src/workspace/delivery-ports.ts";
import type { Alert } from "../src/workspace/alerts.ts";
import type {
  Destination,
  DestinationDraft,
  DestinationPatch,
  FilterPatch,
} from "../src/workspace/destination.ts";
import type { DestinationView } from "../src/workspace/destination-view.ts";
import type { AdminCall, Answer, Page } from "../src/workspace/ports.ts";
import { MetricsTable } from "./storage/metrics-table.ts";
import { WorkspaceArchive } from "./workspace-archive.ts";
import type { WorkspaceDestinations } from "./workspace-destinations.ts";
import { renewSecrets } from "./workspace-secrets.ts";
import type { StorageParts } from "./workspace-storage.ts";

/** What the calls about destinations act on. */
export type DeliveryParts = StorageParts & {
  readonly destinations: WorkspaceDestinations;
  /** What else is wrong. */
  readonly alerts: (nowMs: number) => readonly Alert[];
};

/** The calls of a Workspace about its destinations; a base of the object, because calls are methods. */
export abstract class WorkspaceDelivery extends WorkspaceArchive implements DestinationsPort {
  protected abstract override readonly delivery: DeliveryParts;

  async destinations(call: AdminCall, page: Page) {
    const { turn, destinations } = this.delivery;
    return turn.act(call, () => destinations.list(page));
  }

  async destination(call: AdminCall, id: string) {
    const { turn, destinations } = this.delivery;
    return turn.act(call, () => destinations.show(id));
  }

  async addDestination(call: AdminCall, draft: DestinationDraft) {
    const { turn, destinations } = this.delivery;
    return this.#announced(turn.act(call, (by) => this.#shown(destinations.add(by, draft))));
  }

  async changeDestination(call: AdminCall, id: string, patch: DestinationPatch) {
    const { turn, destinations } = this.delivery;
    return this.#announced(turn.act(call, (by) => this.#shown(destinations.change(by, id, patch))));
  }

  async removeDestination(call: AdminCall, id: string) {
    const { turn, destinations } = this.delivery;
    return this.#announced(turn.act(call, (by) => this.#shown(destinations.remove(by, id))));
  }

  async addFilter(call: AdminCall, id: string, filter: Filter) {
    const { turn, destinations } = this.delivery;
    return turn.act(call, (by) => destinations.addFilter(by, id, filter));
  }

  async changeFilter(call: AdminCall, id: string, filterId: string, patch: FilterPatch) {
    const { turn, destinations } = this.delivery;
    return turn.act(call, (by) => destinations.changeFilter(by, id, filterId, patch));
  }

  async removeFilter(call: AdminCall, id: string, filterId: string) {
    const { turn, destinations } = this.delivery;
    return turn.act(call, (by) => destinations.removeFilter(by, id, filterId));
  }

  async lanes(call: AdminCall, id: string, act?: LaneAct) {
    const { turn, destinations } = this.delivery;
    return turn.act(call, (by) => destinations.lanes(by, id, act));
  }

  async metrics(call: AdminCall, query: MetricsQuery): Promise<Answer<DeliveryMetrics>> {
    const { turn } = this.delivery;
    return turn.act(call, () => {
      const fitted = fitRange(query);
      const table = this.#metrics();
      return ok({ query: fitted, rows: table.counts(fitted), standings: table.standings() });
    });
  }

  /** What is wrong now. */
  async alerts(call: AdminCall): Promise<Answer<readonly Alert[]>> {
    return this.delivery.turn.act(call, ({ nowMs }) => ok(this.openAlerts(nowMs)));
  }

  /** The same, for whoever tells of it. */
  protected openAlerts(nowMs: number): readonly Alert[] {
    return [...this.delivery.alerts(nowMs), ...this.#alerts(nowMs), ...this.storageAlerts()];
  }

  async laneConfig(destinationId: DestinationId): Promise<LaneConfig | undefined> {
    const { turn, destinations } = this.delivery;
    return turn.isCreated ? destinations.laneConfig(destinationId) : undefined;
  }

  async renewSecrets(
    id: DestinationId,
    version: number,
    renewed: readonly { readonly field: string; readonly sealed: Uint8Array }[],
  ): Promise<void> {
    const { turn } = this.delivery;
    if (!turn.isCreated) return;
    turn.transaction(() => renewSecrets(turn, { id, version }, renewed));
  }

  async takeCounts(report: LaneReport): Promise<void> {
    const { turn } = this.delivery;
    if (!turn.isCreated || parseId(report.destinationId) === undefined) return;
    turn.transaction(() => {
      this.#metrics().take(report);
      this.#metrics().prune(Date.now());
    });
  }

  async #announced(answer: Answer<DestinationView>): Promise<Answer<DestinationView>> {
    if (answer.ok) await this.delivery.announce(answer.value.sourceId);
    return answer;
  }

  #shown(answer: Answer<Destination>): Answer<DestinationView> {
    return answer.ok ? ok(this.delivery.destinations.view(answer.value)) : err(answer.error);
  }

  #alerts(nowMs: number): readonly Alert[] {
    const table = this.#metrics();
    const range = { granularity: "minute", fromMs: nowMs - FAILING_MS, toMs: nowMs + 1 } as const;
    const { destinations } = this.delivery.turn;
    // What a lane told last stands until it is asked to deliver again.
    const standings = table
      .standings()
      .filter(({ destinationId }) => destinations.find(destinationId)?.enabled === true);
    return deliveryAlerts(table.counts(range), standings, nowMs);
  }

  #metrics(): MetricsTable {
    return new MetricsTable(this.ctx.storage.sql);
  }
}
