import { existsSync } from "node:fs";

import { trustNewCertificate } from "../support/deliver/certificate.ts";

const certificate = trustNewCertificate("localhost");
const { tellStory } = await import("../support/sync/stormy-story.ts");

const ROWS = Number(process.env["SYNC_ROWS"] ?? 1_000_000);
/** Of each run: one in each of its steps. */
const KILLS = Number(process.env["SYNC_KILLS"] ?? 4);
const WITHIN_MS = Number(process.env["SYNC_KILL_WITHIN_MS"] ?? 2_000 + ROWS / 500);
/** A third of a millisecond a row is three thousand rows a second, kills included. */
const RUN_MS = 10 * 60_000 + ROWS / 3;
const DEBIAN = "/usr/lib/postgresql/15/bin";

const story = { rows: ROWS, kills: KILLS, withinMs: WITHIN_MS, runMs: RUN_MS, certificate };
const servers: Readonly<Record<string, object>> = {
  "18": {},
  ...(existsSync(DEBIAN) ? { "15": { postgres: DEBIAN } } : {}),
};
const wanted = process.env["SYNC_POSTGRES"]?.split(",") ?? Object.keys(servers);

for (const version of wanted) {
  const server = servers[version];
  if (server === undefined) throw new Error(`Cannot run Postgres ${version}: it is not installed`);
  tellStory({ name: `Postgres ${version}`, ...story, ...server });
}
