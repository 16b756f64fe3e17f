import type { HomeRegion } from "../../../src/core/ids.ts";
import { hostsFor, type CatalogueEntry } from "../../../src/deliver/catalogue/catalogue.ts";
import { testKitCredentials } from "../../../src/deliver/kit/kit-credentials.ts";
import { kitDeliverer, type KitDelivererInput } from "../../../src/deliver/kit/kit-deliverer.ts";
import type { KitMapping } from "../../../src/deliver/kit/kit-mapping.ts";
import { loadDestination } from "../../../src/deliver/kit/load-kit.ts";
import { defaultValues, type KitDefinition, type KitField } from "../../../dist/kit/kit.js";
import type { Recorder } from "./recorder.ts";
import { sampleEvents } from "./sample-events.ts";
import { sampleSettings } from "./sample-settings.ts";
import { choicesOf, sampleValue } from "./sample-values.ts";

/** Every type of event, so that no condition of ours keeps an action from being run. */
const ALWAYS =
  'type = "track" or type = "identify" or type = "page" or type = "screen" or type = "group" or type = "alias"';

const NOW_MS = Date.parse("2026-11-22T10:00:00Z");

/** Statuses that make the kit's code take another way: a thing that is not there, a stale token. */
const STATUSES = [200, 404, 401];

/** What is run with every answer, and at every place that a vendor has in the region. */
const MAPPINGS_ALWAYS = 3;

/** Events for mappings that differ from others in one field only. */
const EVENTS_FEW = 1;

export type Run = {
  /** `slug action region`, or what else of the destination was run. */
  readonly what: string;
  readonly sent: readonly string[];
  readonly refused: readonly string[];
};

/** Runs all that a destination can do in a region, and says what each part contacted. */
export async function runEverything(
  entry: CatalogueEntry,
  region: HomeRegion,
  recorder: Recorder,
): Promise<readonly Run[]> {
  const { destination } = await loadDestination(entry.slug);
  const { definition } = destination;
  const runs: Run[] = [];
  for (const [place, given] of sampleSettings(entry, definition, region).entries()) {
    const input: Omit<KitDelivererInput, "mappings"> = {
      ...given,
      slug: entry.slug,
      region,
      development: false,
      observe: recorder.observe,
      now: () => NOW_MS,
    };
    const run = async (what: string, work: () => Promise<void>): Promise<void> => {
      recorder.forget();
      for (const status of STATUSES) {
        recorder.status = status;
        await work();
      }
      const { sent, refused } = recorder;
      runs.push({ what, sent: [...new Set(sent)], refused: [...new Set(refused)] });
    };
    await run("presets", () => deliverAll({ ...input, mappings: [] }));
    for (const [action, one] of Object.entries(definition.actions)) {
      const mappings = mappingsOf(entry, region, action, one);
      await run(action, async () => {
        const always = place === 0 ? mappings.slice(0, MAPPINGS_ALWAYS) : mappings.slice(0, 1);
        for (const mapping of always) await deliverAll({ ...input, mappings: [mapping] });
        if (place > 0 || recorder.status !== 200) return;
        const rest = mappings.slice(MAPPINGS_ALWAYS);
        for (const mapping of rest) await deliverAll({ ...input, mappings: [mapping] }, EVENTS_FEW);
      });
    }
    await run("(deletion)", async () => {
      const deliverer = await kitDeliverer({ ...input, mappings: [] });
      await deliverer.forget?.({ userId: "user-1", anonymousId: "a" }, AbortSignal.timeout(5_000));
    });
    await run("(credential test)", async () => {
      await testKitCredentials(input, () => NOW_MS);
    });
  }
  return runs;
}

async function deliverAll(input: KitDelivererInput, eventsMax?: number): Promise<void> {
  const deliverer = await kitDeliverer(input);
  const samples = sampleEvents(NOW_MS).slice(0, eventsMax);
  const events = samples.map((event) => ({ event, idempotencyKey: "key" }));
  await deliverer.deliver(events, AbortSignal.timeout(20_000));
  for (const one of events) await deliverer.deliver([one], AbortSignal.timeout(20_000));
}

/**
 * Mappings with what the action needs, with all that it takes from the event, with all of it made up,
 * and one for each of its choices and ways to write.
 */
export function mappingsOf(
  { slug, ...entry }: CatalogueEntry,
  region: HomeRegion,
  action: string,
  definition: KitDefinition["actions"][string],
): readonly KitMapping[] {
  const { fields, syncMode } = definition;
  const hostField = HOST_FIELDS[`${slug} ${action}`];
  const [host = ""] = hostsFor(entry[region], ["delivery"]);
  const own = {
    ...OF_FIELDS[`${slug} ${action}`],
    ...(hostField === undefined ? {} : { [hostField]: `https://${host}/path` }),
  };
  const all = { ...filled(fields, () => true), ...own };
  const madeUp = { ...literals(fields), ...own };
  const needed = {
    ...filled(fields, ({ required }) => required === true || typeof required === "object"),
    ...own,
  };
  const varied = Object.entries(fields).flatMap(([key, field]) =>
    valuesOf(field).map((value) => ({ ...all, [key]: value })),
  );
  const modes = (syncMode?.choices ?? []).flatMap(({ value }) =>
    [all, madeUp].map((each) => ({ ...each, __segment_internal_sync_mode: value })),
  );
  return [needed, all, madeUp, ...modes, ...varied].map((each) => ({
    action,
    trigger: ALWAYS,
    fields: { __segment_internal_sync_mode: "upsert", ...each },
  }));
}

/** Fields with a form that no description of theirs gives away. */
const OF_FIELDS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "absmartly trackExposure": {
    exposure: {
      publishedAt: NOW_MS,
      units: [{ type: "user", value: "u" }],
      exposures: [{ id: 1, exposedAt: NOW_MS }],
    },
  },
  "dotdigital sendTransactionalEmail": {
    toAddresses: "person@example.com",
    fromAddress: "person@example.com",
    ccAddresses: "person@example.com",
    bccAddresses: "person@example.com",
  },
  "dynamic-yield-audiences syncAudience": {
    external_audience_id: "1",
    segment_audience_key: "audience",
    traits_or_props: { id_type: "1", audience: true },
    email: "person@example.com",
    userId: "user-1",
    anonymousId: "anonymous-1",
  },
  "hubspot sendCustomBehavioralEvent": { eventName: "pe1_event" },
  "linkedin-conversions streamConversion": {
    conversionRuleId: 1,
    onMappingSave: { outputs: { id: "1" } },
  },
  "sendgrid sendEmail": {
    template_id: "d-1",
    domain: "@example.com",
    from: { email: "a@example.com", name: "A" },
    to: [{ email: "b@example.com", name: "B" }],
    cc: [],
    bcc: [],
    reply_to: { reply_to_equals_from: true },
  },
  "slack postToChannel": { url: "https://hooks.slack.com/services/1", text: "text" },
};

/** Fields that hold the host itself: the code sends wherever they say, as far as the guard lets it. */
const HOST_FIELDS: Readonly<Record<string, string>> = {
  "qualtrics triggerXflowWorkflow": "workflowUrl",
};

function filled(
  fields: Readonly<Record<string, KitField>>,
  isWanted: (field: KitField) => boolean,
): Readonly<Record<string, unknown>> {
  const made = Object.entries(fields)
    .filter(([, field]) => field.default === undefined && isWanted(field))
    .map(([key, field]) => [key, sampleValue(key, field)]);
  return { ...defaultValues(fields), ...Object.fromEntries(made) };
}

/** Every field with a value of its own, but for switches, which stay as they are. */
function literals(fields: Readonly<Record<string, KitField>>): Readonly<Record<string, unknown>> {
  const made = Object.entries(fields)
    .filter(([, { type }]) => type !== "boolean")
    .map(([key, field]) => [key, sampleValue(key, field)]);
  return { ...defaultValues(fields), ...Object.fromEntries(made) };
}

function valuesOf(field: KitField): readonly unknown[] {
  if (field.type === "boolean") return [true, false];
  return field.multiple === true ? [] : choicesOf(field);
}
