import { alertMessage, type AlertGround, type SyncAlert } from "./alert.ts";

/** An alert of a sync that is open. */
export type OpenAlert = {
  readonly alert: SyncAlert;
  /** The same from its beginning to its end. */
  readonly instanceId: string;
  readonly sinceMs: number;
  /** The last run that it was told of. */
  readonly runNumber: number;
};

/** That an alert began, came again or is over. */
export type AlertTurn = {
  readonly kind: "raised" | "resolved";
  readonly type: SyncAlert["type"];
  readonly instanceId: string;
  readonly sinceMs: number;
  /** Whether somebody wants to hear of it. */
  readonly isTold: boolean;
  readonly message: string;
};

/** When of a run its alerts are weighed. */
export type Moment = "started" | "running" | "ended";

/** What is open from now on, and what of that is news. */
export function weighSyncAlerts(
  alerts: readonly SyncAlert[],
  held: readonly OpenAlert[],
  moment: Moment,
  ground: AlertGround,
): { readonly open: readonly OpenAlert[]; readonly turns: readonly AlertTurn[] } {
  const open: OpenAlert[] = [];
  const turns: AlertTurn[] = [];
  const before = new Map(held.map((each) => [keyOf(each.alert), each]));
  for (const [place, alert] of alerts.entries()) {
    const known = before.get(keyOf(alert));
    before.delete(keyOf(alert));
    if (!isWeighed(alert, moment)) {
      if (known !== undefined) open.push(known);
      continue;
    }
    const message = alertMessage(alert, ground);
    if (message === undefined) {
      if (known !== undefined && moment === "ended") turns.push(resolved(known));
      else if (known !== undefined) open.push(known);
      continue;
    }
    const { run, nowMs } = ground;
    const fresh = {
      alert,
      instanceId: `${run.id}.alert-${place}`,
      sinceMs: nowMs,
      runNumber: run.number,
    };
    const isNews = known === undefined || alert.sendFor === "every_time";
    if (isNews && known?.runNumber !== run.number) {
      turns.push({ kind: "raised", ...told(known ?? fresh), isTold: true, message });
    }
    // That a run started or ended is told, and is no state that could last.
    if (alert.type !== "status") open.push({ ...(known ?? fresh), runNumber: run.number });
  }
  // Nobody wants to hear of those any more.
  turns.push(...Array.from(before.values(), (each) => ({ ...resolved(each), isTold: false })));
  return { open, turns };
}

function isWeighed(alert: SyncAlert, moment: Moment): boolean {
  if (alert.type === "status") {
    return moment === (alert.status === "started" ? "started" : "ended");
  }
  return moment === "ended" || (moment === "running" && alert.type === "runtime");
}

function resolved(open: OpenAlert): AlertTurn {
  const message = "It is over.";
  return { kind: "resolved", ...told(open), isTold: open.alert.recovery, message };
}

function told({ alert, instanceId, sinceMs }: OpenAlert) {
  return { type: alert.type, instanceId, sinceMs };
}

function keyOf(alert: SyncAlert): string {
  return JSON.stringify(Object.entries(alert).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
