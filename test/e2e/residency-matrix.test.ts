import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { homeBucketName, LOCATIONS } from "../../scripts/local-aws/options.ts";
import { passTo, type OutboundCall, type Route } from "../../scripts/stack/recorder.ts";
import { startStack, type Stack } from "../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestWorkspace } from "../support/homeport.ts";
import {
  ALARM_SIGNS,
  callsOutside,
  classesWithAlarms,
  SINK_HOST,
  TRACKING_REQUESTS,
} from "../support/matrix/cells.ts";
import { FAULTS, type Answering, type Fault } from "../support/matrix/faults.ts";
import {
  operationsOf,
  requestOf,
  type Fixture,
  type ListedOperation,
} from "../support/matrix/operations.ts";
import { makeSyncs } from "../support/matrix/sync-fixture.ts";

/** Time for every alarm that a cell set off; the settings below make them come this soon. */
const ALARMS_MS = 4_000;
const REQUEST_MS_MAX = 20_000;

/** The buckets under AWS's own names, so that a leak would show the region it went to. */
const BUCKETS = Object.fromEntries(
  LOCATIONS.map((location) => [
    `BUCKET_${location.toUpperCase().replaceAll("-", "_")}`,
    `https://s3.${location}.amazonaws.com/${homeBucketName(location)}`,
  ]),
);

const VARS = {
  ...BUCKETS,
  SEAL_SECONDS: "1",
  ARCHIVE_TIMEOUT_SECONDS: "1",
  ARCHIVE_PROBE_SECONDS: "1",
  SUSPECT_SECONDS: "1",
};

describe("every operation and every alarm, under every fault", () => {
  const cells = new Set<string>();
  let stateDir: string;
  let stack: Stack;
  let homeport: Homeport;
  let eu: TestWorkspace;
  let us: TestWorkspace;
  let operations: readonly ListedOperation[];
  let answering: Answering | undefined;

  /** A destination that takes everything, and S3 of every location, behind the fault of the hour. */
  const routes = (): Readonly<Record<string, Route>> => ({
    [SINK_HOST]: async () => ({ status: 200, headers: {}, body: Buffer.from("ok") }),
    ...Object.fromEntries(
      LOCATIONS.map((location) => [
        `s3.${location}.amazonaws.com`,
        (request) => {
          const passOn = () => passTo(stack.aws.endpoints[location], request);
          return answering === undefined ? passOn() : answering(location, request, passOn);
        },
      ]),
    ),
  });

  const start = async (vars: Readonly<Record<string, string>> = {}): Promise<void> => {
    stack = await startStack({ stateDir, vars: { ...VARS, ...vars }, outbound: routes() });
    homeport = openHomeport(stack);
  };

  beforeAll(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "homeport-matrix-"));
    await start();
    [eu, us] = [await homeport.createWorkspace("eu"), await homeport.createWorkspace("us")];
    operations = operationsOf(await (await fetch(`${stack.url}/api/openapi.json`)).json());
  });

  afterAll(async () => {
    await stack.stop();
    await rm(stateDir, { recursive: true, force: true });
  });

  /** Everything a cell needs, made while nothing is wrong, with an event in the archive. */
  const fixture = async (): Promise<Fixture> => {
    const source = await homeport.createSource(eu);
    const spare = await homeport.createSource(eu);
    const { token } = eu;
    const made = await homeport.api(token, "POST", "/api/v1/tokens", {
      name: "spare",
      rights: ["viewer"],
    });
    const { id } = (made.body["token"] ?? made.body) as { readonly id?: string };
    const invited = await homeport.api(stack.operatorToken, "POST", "/api/v1/workspaces", {
      name: "matrix",
      region: "eu",
    });
    const config = await homeport.api(token, "GET", "/api/v1/workspace/config");
    const sink = await homeport.api(token, "POST", "/api/v1/destinations", {
      name: "sink",
      slug: "webhook",
      sourceId: source.id,
      settings: { url: `https://${SINK_HOST}/in`, secret: "sixteen characters at least" },
      hosts: [SINK_HOST],
    });
    const syncs = await makeSyncs({
      ask: async (method, path, body) => (await homeport.api(token, method, path, body)).body,
      aws: stack.aws,
      sinkHost: SINK_HOST,
      secret: "sixteen characters at least",
      csv: "id,email\n1,a@example.com\n2,b@example.com\n,c@example.com\n",
      note: { type: "constant", basicType: "text", value: "matrix" },
    });
    await send(TRACKING_REQUESTS["POST /v1/batch"], source, "before");
    await homeport.waitForEvents(source, 2);
    return {
      operatorToken: stack.operatorToken,
      source,
      spare,
      spareTokenId: String(id),
      destinationId: String((sink.body["destination"] as { id?: string } | undefined)?.id),
      syncs,
      messageId: "before",
      invite: String(invited.body["invite"]),
      leaverToken: (await homeport.createWorkspace("eu")).token,
      config: config.body,
    };
  };

  const send = async (
    request: (typeof TRACKING_REQUESTS)[string] | undefined,
    source: Fixture["source"],
    messageId: string,
  ): Promise<void> => {
    if (request !== undefined) await drain(request(stack.url, source, messageId));
  };

  /** Sends it to the stack; whatever it answers is right here, as long as it answers. */
  const drain = async (request: Request): Promise<number> => {
    const response = await fetch(request, { signal: AbortSignal.timeout(REQUEST_MS_MAX) });
    await response.arrayBuffer();
    return response.status;
  };

  const runCells = async (name: string, fixed: Fixture): Promise<void> => {
    for (const [request, make] of Object.entries(TRACKING_REQUESTS)) {
      await send(make, fixed.source, `${name} ${request}`);
      cells.add(`${request} × ${name}`);
    }
    await stack.runCron().catch(() => {});
    // What deletes comes last, so that all others find what they ask for.
    for (const isDelete of [false, true]) {
      const those = operations.filter(({ method }) => (method === "DELETE") === isDelete);
      await Promise.all(
        those.map(async (operation) => {
          const request = requestOf(operation, fixed);
          const { pathname, search } = new URL(request.url);
          await drain(new Request(stack.url + pathname + search, request));
          cells.add(`${operation.method} ${operation.path} × ${name}`);
        }),
      );
    }
    await pause(ALARMS_MS);
  };

  /** What went out while the fault lasted. */
  const under = async (
    fault: Fault,
    name: string,
    fixed: Fixture,
  ): Promise<readonly OutboundCall[]> => {
    try {
      await apply(fault);
      if (fault.kind === "move") {
        await homeport.api(us.token, "PUT", "/api/v1/workspace/config", fixed.config);
      }
      await runCells(name, fixed);
      return stack.recorder.calls();
    } finally {
      await lift(fault);
    }
  };

  const apply = async (fault: Fault): Promise<void> => {
    if (fault.kind === "outside") answering = fault.answer;
    if (fault.kind === "settings") {
      await stack.stop();
      await start(fault.vars);
    }
  };

  const lift = async (fault: Fault): Promise<void> => {
    answering = undefined;
    if (fault.kind !== "settings") return;
    await stack.stop();
    await start();
  };

  it.each(Object.entries(FAULTS))("%s: nothing goes outside", async (name, fault) => {
    const fixed = await fixture();
    stack.recorder.clear();
    const calls = await under(fault, name, fixed);

    expect(callsOutside(calls, us.id)).toEqual([]);
    expect(silentAlarms(fault, calls, fixed)).toEqual([]);
    for (const alarm of classesWithAlarms()) cells.add(`alarm of ${alarm} × ${name}`);
  });

  /** Alarms whose work did not show, so that their cell would say nothing. */
  const silentAlarms = (
    fault: Fault,
    calls: readonly OutboundCall[],
    { source }: Fixture,
  ): readonly string[] => {
    if (fault.kind === "settings") return [];
    return Object.entries(ALARM_SIGNS).flatMap(([name, sign]) =>
      sign === undefined || calls.some((call) => sign(call, source)) ? [] : [name],
    );
  };

  it("knows every alarm that there is", () => {
    expect(Object.keys(ALARM_SIGNS).toSorted()).toEqual(classesWithAlarms());
  });

  it("has no cell that was left out", () => {
    const rows = [
      ...operations.map(({ method, path }) => `${method} ${path}`),
      ...Object.keys(TRACKING_REQUESTS),
      ...classesWithAlarms().map((alarm) => `alarm of ${alarm}`),
    ];
    const all = Object.keys(FAULTS).flatMap((fault) => rows.map((row) => `${row} × ${fault}`));

    expect(all.filter((cell) => !cells.has(cell))).toEqual([]);
  });

  it("would see a call outside", () => {
    const call = { host: "s3.us-east-1.amazonaws.com", path: `/homeport-us-east-1/x`, query: "" };

    expect(callsOutside([call as OutboundCall], us.id)).toHaveLength(1);
  });
});
