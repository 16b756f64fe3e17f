import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname } from "node:path";
import { unstable_readConfig as readConfig } from "wrangler";

import { checkDeploy } from "./deploy/check-deploy.ts";
import { readDeployArgs } from "./deploy/deploy-args.ts";
import { WRANGLER_CLI } from "./stack/bundle.ts";

/**
 * `wrangler deploy`, after the settings were checked as the Worker will check them, and that no
 * strict host is left open by mistake. All arguments are passed on. A dry run only says what it
 * would refuse.
 */
const args = process.argv.slice(2);
const { config, env, vars, isDryRun } = readDeployArgs(args);
const file = readConfig({ config, env });
const checked = checkDeploy({ ...file.vars, ...vars }, process.env["ACCEPT_EDGE_LOSS"], Date.now());

for (const note of checked.notes) console.error(`Note: ${note}`);
const verdict = isDryRun ? "Would refuse" : "Refused";
for (const problem of checked.problems) console.error(`${verdict}: ${problem}`);
if (checked.problems.length > 0 && !isDryRun) {
  console.error("Nothing was deployed.");
  process.exit(1);
}
// Wrangler's own build command says `node` and has to get this one.
const path = [dirname(process.execPath), process.env["PATH"]].join(delimiter);
const child = spawn(process.execPath, [WRANGLER_CLI, "deploy", ...args], {
  stdio: "inherit",
  env: { ...process.env, PATH: path },
});
const [code] = (await once(child, "exit")) as [number | null];
process.exitCode = code ?? 1;
