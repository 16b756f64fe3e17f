import { beforeAll, describe, expect, it, vi } from "vitest";

import type { HomeRegion } from "../../src/core/ids.ts";
import type { CatalogueEntry } from "../../src/deliver/catalogue/catalogue.ts";
import { kitDeliverer } from "../../src/deliver/kit/kit-deliverer.ts";
import { loadDestination } from "../../src/deliver/kit/load-kit.ts";
import { ANSWER } from "../support/kit/recorder.ts";
import { mappingsOf } from "../support/kit/run-everything.ts";
import { sampleEvents, type SampleEvent } from "../support/kit/sample-events.ts";
import { ENABLED, sampleSettings } from "../support/kit/sample-settings.ts";

const NOW_MS = Date.parse("2026-11-22T10:00:00Z");
const RUN_MS_MAX = 60_000;

/** What is made up of it shows whose it is, in settings, tokens and events. */
type Tenant = "tenant-a" | "tenant-b";

/** Requests in full, as text. */
let requests: string[] = [];

/** A vendor that hands out tokens which show whom they were made for, and that are long good. */
async function vendor(request: Request): Promise<Response> {
  const { url, headers } = request;
  const text = [url, JSON.stringify([...headers]), decoded(headers), await request.text()].join(
    "\n",
  );
  requests.push(text);
  const tenant = text.includes("tenant-a") ? "tenant-a" : "tenant-b";
  const token = `${tenant}-token`;
  const expires = new Date(NOW_MS + 1e12).toISOString();
  return Response.json({ ...ANSWER, token, access_token: token, expires, expires_in: 1e9 });
}

/** What Basic authentication hides. */
function decoded(headers: Headers): string {
  const basic = /^Basic (\S+)/.exec(headers.get("authorization") ?? "")?.[1];
  return basic === undefined ? "" : Buffer.from(basic, "base64").toString("utf8");
}

/** Settings of the same form for another workspace: texts that are free carry its name. */
function marked(settings: Readonly<Record<string, unknown>>, tenant: Tenant) {
  const isFree = (value: unknown): value is string =>
    typeof value === "string" && !/[:/ ]/.test(value) && value.length > 2;
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      key,
      isFree(value) && !SELECTING.has(key) ? `${value}-${tenant}` : value,
    ]),
  );
}

/** Settings with values of the kit's, which nobody makes up. */
const SELECTING = new Set(["channel_type", "environment", "test_mode", "strictMode", "domain"]);

/** Events of a user whose id shows whose they are. */
function eventsOf(tenant: Tenant): readonly SampleEvent[] {
  const text = JSON.stringify(sampleEvents(NOW_MS)).replaceAll("user-1", `user-1-${tenant}`);
  return JSON.parse(text) as SampleEvent[];
}

async function runAs(tenant: Tenant, entry: CatalogueEntry, region: HomeRegion): Promise<void> {
  const { destination } = await loadDestination(entry.slug);
  const { definition } = destination;
  const [given] = sampleSettings(entry, definition, region);
  if (given === undefined) return;
  const choices = Object.entries(definition.authentication?.fields ?? {})
    .filter(([, field]) => field.choices !== undefined || field.format !== undefined)
    .map(([key]) => key);
  const kept = new Set([...choices, entry.region?.setting ?? ""]);
  const all = marked(given.settings, tenant);
  const settings = Object.fromEntries(
    Object.entries(all).map(([key, value]) => [key, kept.has(key) ? given.settings[key] : value]),
  );
  for (const [action, one] of Object.entries(definition.actions)) {
    for (const mapping of mappingsOf(entry, region, action, one).slice(0, 4)) {
      const deliverer = await kitDeliverer({
        slug: entry.slug,
        region,
        settings,
        declaredHosts: given.declaredHosts,
        mappings: [mapping],
        development: false,
        now: () => NOW_MS,
      });
      const events = eventsOf(tenant).map((event) => ({ event, idempotencyKey: "key" }));
      await deliverer.deliver(events, AbortSignal.timeout(20_000));
    }
  }
}

beforeAll(() => {
  vi.stubGlobal("fetch", vendor);
});

describe.each(ENABLED.map(([entry, region]) => ({ slug: entry.slug, entry, region })))(
  "$slug in $region",
  ({ entry, region }) => {
    it(
      "keeps nothing of one workspace for another in the same isolate",
      async () => {
        await runAs("tenant-a", entry, region);
        requests = [];
        await runAs("tenant-b", entry, region);

        expect(requests.length).toBeGreaterThan(0);
        expect(requests.filter((text) => text.includes("tenant-a")).slice(0, 1)).toEqual([]);
      },
      RUN_MS_MAX,
    );

    it(
      "mixes nothing of two workspaces that deliver at the same time",
      async () => {
        requests = [];
        await Promise.all([runAs("tenant-a", entry, region), runAs("tenant-b", entry, region)]);

        const mixed = requests.filter(
          (text) => text.includes("tenant-a") && text.includes("tenant-b"),
        );
        expect(mixed.slice(0, 1)).toEqual([]);
      },
      RUN_MS_MAX,
    );
  },
);
