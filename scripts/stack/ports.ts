import { createServer } from "node:net";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { LOCATIONS, type LocalAwsOptions } from "../local-aws/options.ts";

export const DEV_PORT_DEFAULT = 8787;

/**
 * The port that `PORT` names, or 8787.
 *
 * @throws Error when it names no port.
 */
export function devPort(env: NodeJS.ProcessEnv): number {
  const port = Number(env["PORT"] ?? DEV_PORT_DEFAULT);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Error(`Cannot use PORT "${env["PORT"]}": wanted a number from 1 to 65535`);
}

/** The ports after `port` for the local endpoints, so that they stay the same; where taken, any. */
export async function localAwsPorts(port: number): Promise<NonNullable<LocalAwsOptions["ports"]>> {
  const ports: Partial<Record<ArchiveLocation, number>> = {};
  for (const [index, location] of LOCATIONS.entries()) {
    const wanted = port + 1 + index;
    const free = await refuseTakenPort(wanted).then(
      () => true,
      () => false,
    );
    if (free) ports[location] = wanted;
  }
  return ports;
}

/**
 * Resolves when `port` is free. Miniflare and wrangler would take another one without a word.
 *
 * @throws Error that says how to choose another one.
 */
export function refuseTakenPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", () =>
      reject(new Error(`Cannot use port ${port}: something else listens there; set PORT`)),
    );
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  });
}

/** A port that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
