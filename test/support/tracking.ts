import type { Config } from "../../src/config.ts";
import type { SourceId } from "../../src/core/ids.ts";
import type { Append, AppendAnswer } from "../../src/ingest/append.ts";
import { handleIngest } from "../../src/ingest/routes.ts";
import { formatWriteKey } from "../../src/region/write-key.ts";
import type { QueuePort, Services, SourceLookup } from "../../src/services.ts";
import type { QueueRef, SourceConfig } from "../../src/workspace/source-config.ts";
import { sourceConfigOf } from "./source-configs.ts";

export const EU_SOURCE: SourceId = "src_eu_0123456789abcdefghjkmnpqrs";
export const US_SOURCE: SourceId = "src_us_0123456789abcdefghjkmnpqrs";
export const EU_HOST = "events.eu1.example.com";
export const US_HOST = "events.us1.example.com";
export const NOW_MS = Date.parse("2026-11-22T12:00:00.000Z");

const SECRETS = {
  eu: [{ id: 1, secret: new Uint8Array(32).fill(1) }],
  us: [{ id: 1, secret: new Uint8Array(32).fill(2) }],
};

/** A key of a source that holds, of that version. */
export function writeKeyOf(sourceId: SourceId, version = 1): string {
  return formatWriteKey(sourceId, version, sourceId.startsWith("src_eu") ? SECRETS.eu : SECRETS.us);
}

export type TestOptions = {
  readonly source?: Partial<SourceConfig>;
  readonly environment?: Config["environment"];
  readonly lookup?: (sourceId: SourceId) => SourceLookup | Promise<SourceLookup>;
  /** What the queues answer; they accept everything by default. */
  readonly answer?: (append: Append, ref: QueueRef) => AppendAnswer | Promise<AppendAnswer>;
  /** The Cloudflare location that requests come in at; none is looked at by default. */
  readonly colo?: string;
  readonly hosts?: Config["hosts"];
};

/** The tracking API over queues that only remember what they were handed. */
export class TestTracking {
  readonly appends: {
    readonly sourceId: SourceId;
    readonly ref: QueueRef;
    readonly append: Append;
  }[] = [];
  readonly learned: number[] = [];
  /** Requests that were counted by their place, each as target, colo and outcome. */
  readonly edges: string[] = [];
  readonly services: Services;
  readonly #cf: { readonly colo: string } | undefined;
  lookups = 0;

  constructor(options: TestOptions = {}) {
    const unused = (): never => {
      throw new Error("Cannot reach this port: the tracking API has no business there");
    };
    let seed = 0;
    this.services = {
      config: configOf(options),
      now: () => NOW_MS,
      random: (length) => Uint8Array.from({ length }, () => (seed = (seed * 13 + 7) % 256)),
      workspace: unused,
      directory: unused,
      replay: unused,
      sync: unused,
      archive: unused,
      archiveMonth: unused,
      lane: unused,
      queue: (sourceId, ref) => this.#queue(sourceId, ref, options),
      sourceConfig: async (sourceId) => {
        this.lookups++;
        if (options.lookup !== undefined) return options.lookup(sourceId);
        const isEu = sourceId === EU_SOURCE;
        const route = sourceConfigOf().route;
        return {
          kind: "found",
          config: sourceConfigOf({
            sourceId,
            route: { ...route, ingestRegion: isEu ? "eu1" : "us1" },
            ...options.source,
          }),
        };
      },
      learnRoute: (_sourceId, route) => void this.learned.push(route.n),
      countEdge: (...counted) => void this.edges.push(counted.join(" ")),
    };
    this.#cf = options.colo === undefined ? undefined : { colo: options.colo };
  }

  #queue(sourceId: SourceId, ref: QueueRef, options: TestOptions): QueuePort {
    const append = async (part: Append): Promise<AppendAnswer> => {
      const answer = (await options.answer?.(part, ref)) ?? {
        kind: "accepted",
        accepted: part.ends.length,
        duplicates: 0,
      };
      if (answer.kind === "accepted") this.appends.push({ sourceId, ref, append: part });
      return answer;
    };
    return { append } as Partial<QueuePort> as QueuePort;
  }

  /** The answer to a request; a path that is not the tracking API's fails the test. */
  async fetch(
    path: string,
    init: RequestInit & { readonly host?: string } = {},
  ): Promise<Response> {
    const { host = EU_HOST, ...rest } = init;
    const request = new Request(`https://${host}${path}`, rest);
    Object.defineProperty(request, "cf", { value: this.#cf });
    const response = await handleIngest(request as never, this.services);
    if (response === undefined) throw new Error(`Cannot find ${path}: no path of the tracking API`);
    return response as unknown as Response;
  }

  /** Posts a value with a good key in the header. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { authorization: basic(writeKeyOf(EU_SOURCE)), ...headers },
    });
  }

  /** The stored lines, as text. */
  get lines(): string[] {
    return this.appends.flatMap(({ append }) =>
      new TextDecoder().decode(append.lines).split("\n").slice(0, -1),
    );
  }

  /** The stored events. */
  get events(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** What was refused, summed over all appends. */
  get refused(): Record<string, number> {
    return summed(this.appends.map(({ append }) => append.refused));
  }

  get noted(): Record<string, number> {
    return summed(this.appends.map(({ append }) => append.noted ?? {}));
  }
}

export function basic(user: string): string {
  return `Basic ${btoa(`${user}:`)}`;
}

/** A track call that can be kept. */
export function track(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { type: "track", event: "Order Completed", userId: "u1", messageId: "m1", ...changes };
}

export async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { readonly code: string }).code;
}

function summed(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [code, n] of counts.flatMap((count) => Object.entries(count))) {
    sums[code] = (sums[code] ?? 0) + n;
  }
  return sums;
}

const HOSTS: Config["hosts"] = new Map([
  [EU_HOST, "eu1"],
  [US_HOST, "us1"],
]);

function configOf({ environment = "production", colo, hosts = HOSTS }: TestOptions): Config {
  return {
    environment,
    edgeCheck: colo !== undefined,
    hosts,
    writeKeySecrets: SECRETS,
  } as Partial<Config> as Config;
}
