import { once } from "node:events";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startLocalAws } from "./local-aws/start.ts";
import { endGroup } from "./stack/child-group.ts";
import { devVars } from "./stack/dev-settings.ts";
import { devPort, localAwsPorts, refuseTakenPort } from "./stack/ports.ts";
import { readyBlock } from "./stack/ready-block.ts";
import { answers, spawnWranglerDev } from "./stack/start-wrangler-dev.ts";

/**
 * `npm run dev`: local AWS and `wrangler dev` with everything on. `PORT` and `STATE_DIR` change
 * where, `--verbose` shows all that wrangler says, `--config` runs another Worker. Ends with code 1
 * when one of the two dies, and never leaves the other behind.
 */
const CRON_EVERY_MS = 60_000;
const CRON_PATH = "/cdn-cgi/local/scheduled";
const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));

async function main(): Promise<number> {
  const port = devPort(process.env);
  const stateDir = resolve(process.env["STATE_DIR"] ?? join(PROJECT_DIR, ".wrangler/state"));
  await refuseTakenPort(port);
  const aws = await startLocalAws({
    stateDir: join(stateDir, "aws"),
    ports: await localAwsPorts(port),
  });
  const wrangler = spawnWranglerDev({
    port,
    stateDir,
    vars: await devVars(port, stateDir, aws),
    configPath: optionValue("--config") ?? join(PROJECT_DIR, "wrangler.toml"),
    verbose: process.argv.includes("--verbose"),
  });
  const wranglerEnded = once(wrangler, "exit");
  const asked = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const url = `http://127.0.0.1:${port}`;
  const ready = answers(`${url}/health`, wrangler).then((up) => {
    if (up) console.log(readyBlock(port, stateDir, aws));
  });
  // The platform's clock; a poke that meets a reload is made good by the next one.
  const cron = setInterval(() => void fetch(url + CRON_PATH).catch(() => {}), CRON_EVERY_MS);
  const ended = await Promise.race([
    asked.then(() => undefined),
    wranglerEnded.then(() => "wrangler dev"),
    once(aws.process, "exit").then(() => "Local AWS"),
  ]);
  clearInterval(cron);
  await Promise.all([endGroup(wrangler), aws.stop(), ready]);
  if (ended === undefined) return 0;
  console.error(`${ended} ended unexpectedly`);
  return 1;
}

function optionValue(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at === -1 ? undefined : process.argv[at + 1];
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
