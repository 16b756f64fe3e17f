import { existsSync } from "node:fs";

import { tellStory } from "../support/sync/stormy-story.ts";

const ROWS = Number(process.env["SYNC_ROWS"] ?? 1_000_000);
const KILLS = Number(process.env["SYNC_KILLS"] ?? 4);
/** Of the longest runs, so that kills fall into every step of them. */
const WITHIN_MS = Number(process.env["SYNC_KILL_WITHIN_MS"] ?? ROWS / 40);
const DEBIAN = "/usr/lib/postgresql/15/bin";

const story = { rows: ROWS, kills: KILLS, withinMs: WITHIN_MS, runMs: 28 * 60_000 };
tellStory({ name: "Postgres 18", ...story });
if (existsSync(DEBIAN) && process.env["SYNC_ROWS"] === undefined) {
  tellStory({ name: "Postgres 15", ...story, postgres: DEBIAN });
}
