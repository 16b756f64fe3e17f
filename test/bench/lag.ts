import { setTimeout as pause } from "node:timers/promises";

import type { OutboundAnswer, OutboundRequest } from "../../scripts/stack/recorder.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../support/homeport.ts";
import { median } from "./cases.ts";

/**
 * `npx -c 'node test/bench/lag.ts'`: how long events are on their way to a destination that works, alone
 * and beside destinations of the same source that hang, refuse, reset and ask for patience, in turns.
 * Ends with 1 when they make it more than a second later. `LAG_ROUNDS` and `LAG_SECONDS` change its length.
 */
const MORE_MS_MAX = 1_000;
const ROUNDS_DEFAULT = 3;
const SECONDS_DEFAULT = 10;
const REQUESTS_PER_SECOND = 10;
const EVENTS_PER_REQUEST = 5;
const ARRIVAL_MS_MAX = 60_000;
/** A lane holds its destination's settings for 5 s. */
const SETTLED_MS = 6_000;

const GOOD_HOST = "good.example.com";
const OK: OutboundAnswer = { status: 200, headers: {}, body: Buffer.alloc(0) };
const BAD_HOSTS: Readonly<Record<string, () => Promise<OutboundAnswer>>> = {
  "hangs.example.com": () => new Promise(() => undefined),
  "refuses.example.com": async () => ({ ...OK, status: 503 }),
  "resets.example.com": () => Promise.reject(new Error("reset")),
  "patience.example.com": async () => ({ ...OK, status: 429, headers: { "retry-after": "2" } }),
};

type Lags = { readonly p50: number; readonly p99: number; readonly most: number };

/** When each event was answered for, and when it came to the destination that works. */
class Arrivals {
  readonly #sentAtMs = new Map<string, number>();
  readonly #cameAtMs = new Map<string, number>();

  sent(messageId: string): void {
    this.#sentAtMs.set(messageId, performance.now());
  }

  came({ body }: OutboundRequest): void {
    const { messageId } = JSON.parse(body.toString("utf8")) as { messageId: string };
    if (!this.#cameAtMs.has(messageId)) this.#cameAtMs.set(messageId, performance.now());
  }

  /** Waits for all of them and forgets them. */
  async lags(): Promise<Lags> {
    const until = performance.now() + ARRIVAL_MS_MAX;
    while (this.#cameAtMs.size < this.#sentAtMs.size) {
      if (performance.now() > until) throw new Error("Cannot measure: events did not arrive");
      await pause(50);
    }
    const all = Array.from(this.#sentAtMs, ([id, atMs]) => (this.#cameAtMs.get(id) ?? 0) - atMs);
    all.sort((a, b) => a - b);
    this.#sentAtMs.clear();
    this.#cameAtMs.clear();
    const at = (share: number): number =>
      Math.round(all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? Number.NaN);
    return { p50: at(0.5), p99: at(0.99), most: at(1) };
  }
}

async function main(): Promise<number> {
  const rounds = Number(process.env["LAG_ROUNDS"] ?? ROUNDS_DEFAULT);
  const arrivals = new Arrivals();
  const good = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    arrivals.came(request);
    return OK;
  };
  // Counted when it begins, since a call that hangs never ends.
  const calls: Record<string, number> = {};
  const bad = Object.entries(BAD_HOSTS).map(([host, answer]) => {
    calls[host] = 0;
    const counted = (): Promise<OutboundAnswer> => {
      calls[host] = (calls[host] ?? 0) + 1;
      return answer();
    };
    return [host, counted] as const;
  });
  const outbound = { [GOOD_HOST]: good, ...Object.fromEntries(bad) };
  const stack = await startStack({ outbound });
  try {
    const homeport = openHomeport(stack);
    const source = await homeport.createSource(await homeport.createWorkspace("eu"));
    await connect(homeport, source, GOOD_HOST);
    const ids = await Promise.all(bad.map(([host]) => connect(homeport, source, host)));
    const found: Record<"alone" | "beside", Lags[]> = { alone: [], beside: [] };
    for (let round = -1; round < rounds; round++) {
      for (const how of ["alone", "beside"] as const) {
        await enable(homeport, source, ids, how === "beside");
        await send(stack, source, `${round}-${how}`, arrivals);
        const lags = await arrivals.lags();
        // The first round warms up.
        if (round >= 0) found[how].push(lags);
      }
    }
    return report(found, calls);
  } finally {
    await stack.stop();
  }
}

async function connect(homeport: Homeport, source: TestSource, host: string): Promise<string> {
  const draft = {
    name: host,
    slug: "webhook",
    sourceId: source.id,
    settings: { url: `https://${host}/in`, secret: "sixteen characters at least" },
    hosts: [host],
  };
  const { token } = source.workspace;
  const made = await homeport.api(token, "POST", "/api/v1/destinations", draft);
  if (made.status !== 201) throw new Error(`Cannot connect ${host}: ${JSON.stringify(made.body)}`);
  return String((made.body["destination"] as { id: string } | undefined)?.id ?? made.body["id"]);
}

async function enable(
  homeport: Homeport,
  { workspace }: TestSource,
  ids: readonly string[],
  enabled: boolean,
): Promise<void> {
  for (const id of ids) {
    const path = `/api/v1/destinations/${id}`;
    const changed = await homeport.api(workspace.token, "PATCH", path, { enabled });
    if (changed.status !== 200) throw new Error(`Cannot change ${id}: ${changed.status}`);
  }
  await pause(SETTLED_MS);
}

/** A steady trickle; its own time is in no figure. */
async function send(
  stack: Stack,
  source: TestSource,
  name: string,
  arrivals: Arrivals,
): Promise<void> {
  const seconds = Number(process.env["LAG_SECONDS"] ?? SECONDS_DEFAULT);
  for (let request = 0; request < seconds * REQUESTS_PER_SECOND; request++) {
    const batch = Array.from({ length: EVENTS_PER_REQUEST }, (_, i) => ({
      type: "track",
      event: "Lag",
      userId: `user-${(request * EVENTS_PER_REQUEST + i) % 97}`,
      messageId: `${name}-${request}-${i}`,
    }));
    const body = JSON.stringify({ writeKey: source.writeKey, batch });
    const answer = await fetch(`${stack.url}/v1/batch`, { method: "POST", body });
    if (!answer.ok) throw new Error(`Cannot send: ${answer.status}`);
    for (const { messageId } of batch) arrivals.sent(messageId);
    await pause(1_000 / REQUESTS_PER_SECOND);
  }
}

function report(
  found: Readonly<Record<"alone" | "beside", readonly Lags[]>>,
  calls: Readonly<Record<string, number>>,
): number {
  const of = (how: "alone" | "beside", figure: keyof Lags): number =>
    median(found[how].map((lags) => lags[figure]));
  const row = (how: "alone" | "beside"): Lags => ({
    p50: of(how, "p50"),
    p99: of(how, "p99"),
    most: of(how, "most"),
  });
  const [alone, beside] = [row("alone"), row("beside")];
  console.log({ lagMsAlone: alone, lagMsBeside: beside, calls });
  const more = beside.p99 - alone.p99;
  const isCalled = Object.values(calls).every((count) => count > 0);
  const isHeld = more <= MORE_MS_MAX && isCalled;
  const text = `beside four that fail, p99 at most ${MORE_MS_MAX} ms more: ${more}`;
  console.log(`${isHeld ? "held    " : "NOT HELD"} ${text}`);
  return isHeld ? 0 : 1;
}

process.exit(await main());
