import type { Fault } from "../../scripts/local-aws/faults.ts";
import type { LocalAws } from "../../scripts/local-aws/start.ts";
import type { Operation } from "../../scripts/local-aws/operation.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";

/** What a location of the local AWS does for a while. */
export type Outage =
  /** Says to slow down, to every reading and writing of an object. */
  | { readonly kind: "refuses" }
  /** Answers readings, and takes PUTs only this much later: their senders have long given up. */
  | { readonly kind: "late"; readonly ms: number };

/** Begins an outage in the place of the one that is going on. */
export async function beginOutage(
  aws: LocalAws,
  location: ArchiveLocation,
  outage: Outage,
): Promise<void> {
  await aws.clearFaults();
  for (const fault of faultsOf(location, outage)) await aws.fault(fault);
}

function faultsOf(location: ArchiveLocation, outage: Outage): readonly Fault[] {
  const before = { location, when: "before" } as const;
  if (outage.kind === "late") {
    return [{ ...before, operation: "PutObject", effect: { kind: "delay", ms: outage.ms } }];
  }
  const operations: readonly Operation[] = ["PutObject", "HeadObject"];
  const effect = { kind: "answer", status: 503, code: "SlowDown" } as const;
  return operations.map((operation) => ({ ...before, operation, effect }));
}

/** What became of the files of a source, by the log of the local AWS. */
export type Landings = {
  /** Keys of objects that came to stand there, however late, in that order. */
  readonly landed: ReadonlyMap<ArchiveLocation, readonly string[]>;
  /** `location/key` of objects that were removed. */
  readonly removed: readonly string[];
  /** PUTs that landed at one location although the same key stands, or stood, at another. */
  readonly second: readonly string[];
};

/** Reads the log since request `after`. */
export async function landingsOf(
  aws: LocalAws,
  sourceId: string,
  after: number,
): Promise<Landings> {
  const requests = (await aws.requests(after)).filter(
    (request) => request.landed && request.key.startsWith(`segment-logs/${sourceId}/`),
  );
  const puts = requests.filter(({ operation }) => operation === "PutObject");
  const landed = new Map<ArchiveLocation, readonly string[]>();
  for (const { location, key } of puts) {
    landed.set(location, [...(landed.get(location) ?? []), key]);
  }
  const times = Map.groupBy(puts, ({ key }) => key);
  return {
    landed,
    removed: requests
      .filter(({ operation }) => operation === "DeleteObject")
      .map(({ location, key }) => `${location}/${key}`),
    second: [...times].filter(([, each]) => each.length > 1).map(([key]) => key),
  };
}

/** The number of the last request so far. */
export async function lastRequest(aws: LocalAws): Promise<number> {
  return (await aws.requests()).at(-1)?.number ?? 0;
}
