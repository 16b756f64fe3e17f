import { setTimeout as pause } from "node:timers/promises";

import { HOME_REGIONS } from "../../src/region/regions.ts";
import type { Stack } from "../stack/start-stack.ts";
import { deliveryHosts } from "./deliveries.ts";
import type { DemoHome } from "./homes.ts";

/** Objects tell their workspace of a host within seconds of the first request to it. */
const REPORT_WAIT_MS_MAX = 15_000;
const REPORT_POLL_MS = 250;

type Report = {
  readonly hosts: readonly { readonly host: string }[];
  readonly objects: readonly { readonly object: string; readonly isAsWanted: boolean }[];
};

/**
 * What the residency report of each workspace says that it should not. `declared` are hosts that the
 * workspace of `eu` declared besides its destinations'.
 */
export async function residencyProblems(
  stack: Stack,
  homes: readonly DemoHome[],
  declared: readonly string[] = [],
): Promise<readonly string[]> {
  const found = await Promise.all(
    homes.map((home) => problemsOf(stack, home, home.region === "eu" ? declared : [])),
  );
  return found.flat();
}

/** Each home with the token of another, so that its report is the other's: a planted fault. */
export function withTokensExchanged(homes: readonly DemoHome[]): readonly DemoHome[] {
  return homes.map((home, i) => ({ ...home, token: homes.at(i - 1)?.token ?? home.token }));
}

/** How to look at the report of one workspace. */
export function residencyHint(stack: Stack, { workspaceId, token }: DemoHome): string {
  const url = `${stack.url}/api/v1/residency?format=html`;
  return [
    `The residency report of ${workspaceId}, as a page to print (without format=html: JSON):`,
    `  curl -s "${url}" -H "Authorization: Bearer ${token}" > residency.html`,
  ].join("\n");
}

async function problemsOf(
  stack: Stack,
  home: DemoHome,
  declared: readonly string[],
): Promise<readonly string[]> {
  const { region } = home;
  const { hosts, objects } = await settledReport(stack, home);
  const buckets = HOME_REGIONS[region].locations.map((at) => new URL(stack.aws.endpoints[at]).host);
  const own = [...buckets, ...deliveryHosts(region), ...declared];
  const strays = hosts.filter(({ host }) => !own.includes(host)).map(({ host }) => host);
  const misplaced = objects.filter(({ isAsWanted }) => !isAsWanted).length;
  return [
    ...(hosts.length === 0 ? [`${region}: the residency report names no host`] : []),
    ...(strays.length > 0 ? [`${region}: the residency report names ${strays.join(", ")}`] : []),
    ...(misplaced > 0 ? [`${region}: ${misplaced} objects are not where they should be`] : []),
  ];
}

async function settledReport(stack: Stack, { token }: DemoHome): Promise<Report> {
  const until = Date.now() + REPORT_WAIT_MS_MAX;
  for (;;) {
    const answer = await fetch(`${stack.url}/api/v1/residency`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const report = (await answer.json()) as Report;
    if (report.hosts.length > 0 || Date.now() > until) return report;
    await pause(REPORT_POLL_MS);
  }
}
