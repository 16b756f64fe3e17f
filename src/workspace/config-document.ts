import type { HomeRegion, SourceId } from "../core/ids.ts";
import type { IngestRegion } from "../region/regions.ts";
import {
  EDGE_DEFAULTS,
  mayChoosePolicy,
  type EdgeAnswer,
  type EdgePolicy,
  type EdgeSettings,
} from "../region/edge.ts";
import type { ConfigConnection } from "./config-connections.ts";
import type { ConfigDestination } from "./config-destinations.ts";
import { fitToHome, notCarried, sdkChange, type SdkChange, type Settings } from "./move-source.ts";
import type { WorkspaceSettings } from "./ports.ts";
import type { Source, SourceDraft, SourcePatch, SourceSettings } from "./source.ts";
import { isTypeInRegion, whyNotInRegion } from "./source-types.ts";

/** The configuration of a workspace as one document. It holds no secret and no key. */
export type ConfigDocument = {
  readonly version: 1;
  /** Where it was exported; applying it elsewhere moves settings, never data. */
  readonly region: HomeRegion;
  /** What is left out stays as it is. */
  readonly workspace: {
    readonly name: string;
    readonly edgePolicy?: EdgePolicy;
    readonly edgeAnswer?: EdgeAnswer;
  };
  readonly sources: readonly ConfigSource[];
  readonly destinations?: readonly ConfigDestination[];
  readonly connections?: readonly ConfigConnection[];
};

export type ConfigSource = SourceSettings & {
  /** Absent in a document written by hand; then the name is matched. */
  readonly id?: SourceId;
  readonly ingestRegion: IngestRegion;
  readonly shards: number;
};

/** One line of a plan. */
export type PlanEntry = {
  readonly action: "create" | "update" | "unchanged" | "delete" | "not-applicable";
  readonly kind: "workspace" | "source" | "destination" | "connection" | "region";
  readonly id?: string;
  readonly name: string;
  /** Names of the fields that change. */
  readonly fields: readonly string[];
  /** What the document asked for and this region cannot have, and what is taken instead. */
  readonly notes: readonly string[];
  /** Of a source that comes from another region. */
  readonly sdk?: SdkChange;
};

/** A line of a plan with what would be done. */
export type PlanStep = {
  readonly entry: PlanEntry;
  readonly act?:
    | { readonly kind: "settle"; readonly change: WorkspaceSettings }
    | { readonly kind: "create"; readonly draft: SourceDraft }
    | { readonly kind: "update"; readonly id: SourceId; readonly patch: SourcePatch }
    | { readonly kind: "delete"; readonly id: SourceId };
};

/** What a document is compared with. */
export type Held = {
  readonly home: HomeRegion;
  readonly name: string;
  readonly edge: EdgeSettings;
  readonly sources: readonly Source[];
  /** Hosts of this deployment, for what SDKs have to be told. */
  readonly hosts?: ReadonlyMap<string, IngestRegion>;
};

/** The document of what is held. */
export function exportConfig(held: Held): ConfigDocument {
  return {
    version: 1,
    region: held.home,
    workspace: { name: held.name, edgePolicy: held.edge.policy, edgeAnswer: held.edge.answer },
    sources: held.sources.map((source) => ({ id: source.id, ...settingsOf(source) })),
  };
}

/**
 * What applying the document would do, in order. Sources are matched by id, else by name; what the
 * document does not name is deleted only when `prune` asks for it. The region of the workspace is
 * never among the changes.
 */
export function planConfig(held: Held, wanted: ConfigDocument, prune: boolean): PlanStep[] {
  const steps: PlanStep[] = [];
  if (wanted.region !== held.home) steps.push({ entry: regionEntry(held.home, wanted.region) });
  steps.push(planWorkspace(held, wanted));
  const left = new Map(held.sources.map((source) => [source.id, source]));
  const named = new Set(wanted.sources.map((source) => source.id));
  for (const source of wanted.sources) {
    const match = findMatch(source, left, named);
    if (match !== undefined) left.delete(match.id);
    steps.push(planSource(held, wanted.region, { wanted: source, match }));
  }
  if (!prune) return steps;
  for (const { id, name } of left.values()) {
    const entry: PlanEntry = { action: "delete", kind: "source", id, name, fields: [], notes: [] };
    steps.push({ entry, act: { kind: "delete", id } });
  }
  return steps;
}

function regionEntry(home: HomeRegion, from: HomeRegion): PlanEntry {
  const notes = notCarried(home, from);
  return { action: "not-applicable", kind: "region", name: home, fields: [], notes };
}

function planWorkspace(held: Held, { region, workspace }: ConfigDocument): PlanStep {
  const { name, edgePolicy = held.edge.policy, edgeAnswer = held.edge.answer } = workspace;
  const isAllowed = mayChoosePolicy(held.home, edgePolicy);
  const isUnusual = region !== held.home && edgePolicy !== EDGE_DEFAULTS[held.home].policy;
  const note = isAllowed
    ? `Edge policy ${edgePolicy} is kept; the default of ${held.home} is ${EDGE_DEFAULTS[held.home].policy}.`
    : `Edge policy ${edgePolicy} is not allowed in ${held.home}: ${held.edge.policy} stays.`;
  const settings = { name, edgePolicy: isAllowed ? edgePolicy : held.edge.policy, edgeAnswer };
  const before = {
    name: held.name,
    edgePolicy: held.edge.policy,
    edgeAnswer: held.edge.answer,
  };
  const fields = changedFields(before, settings);
  const entry: PlanEntry = {
    action: fields.length === 0 ? "unchanged" : "update",
    kind: "workspace",
    name,
    fields,
    notes: isAllowed && !isUnusual ? [] : [note],
  };
  const change = Object.fromEntries(
    Object.entries(settings).filter(([field]) => fields.includes(field)),
  );
  return fields.length === 0 ? { entry } : { entry, act: { kind: "settle", change } };
}

/** By id, else the oldest of that name which no other entry of the document names by its id. */
function findMatch(
  source: ConfigSource,
  left: ReadonlyMap<SourceId, Source>,
  named: ReadonlySet<SourceId | undefined>,
): Source | undefined {
  const byId = source.id === undefined ? undefined : left.get(source.id);
  if (byId !== undefined) return byId;
  return [...left.values()].find((held) => held.name === source.name && !named.has(held.id));
}

function planSource(
  { home, hosts }: Held,
  from: HomeRegion,
  { wanted, match }: { readonly wanted: ConfigSource; readonly match: Source | undefined },
): PlanStep {
  const named = { kind: "source", name: wanted.name } as const;
  if (!isTypeInRegion(wanted.type, home)) {
    const notes = [whyNotInRegion(wanted.type, home)];
    return { entry: { ...named, action: "not-applicable", fields: [], notes } };
  }
  const { settings, notes } = fitToHome(home, from, wanted);
  const sdk = sdkChange(wanted, settings.ingestRegion, hosts ?? new Map());
  const line = home === from ? named : { ...named, sdk };
  if (match === undefined) {
    const entry: PlanEntry = { ...line, action: "create", fields: [], notes };
    return { entry, act: { kind: "create", draft: settings } };
  }
  const { type, ...patch } = settings;
  const fixed =
    type === match.type ? [] : [`The type of a source is fixed: it stays ${match.type}.`];
  const fields = changedFields(settingsOf(match), patch);
  const action = fields.length === 0 ? "unchanged" : "update";
  const entry: PlanEntry = { ...line, action, id: match.id, fields, notes: [...notes, ...fixed] };
  return fields.length === 0
    ? { entry }
    : { entry, act: { kind: "update", id: match.id, patch: pick(patch, fields) } };
}

function settingsOf(source: Source): Settings {
  const { name, type, enabled, rate, ip, pixel, archiveLocations, retentionDays } = source;
  const { ingestRegion, shards } = source.route;
  return {
    name,
    type,
    enabled,
    ingestRegion,
    shards,
    rate,
    ip,
    pixel,
    archiveLocations,
    retentionDays,
    schema: source.schema ?? null,
  };
}

/** Names of the fields of `wanted` whose values differ from what is held. */
export function changedFields(
  held: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): string[] {
  return Object.keys(wanted).filter(
    (field) => JSON.stringify(held[field]) !== JSON.stringify(wanted[field]),
  );
}

/** The settings of a source by name, for comparison with a change. */
export function comparableSettings(source: Source): Readonly<Record<string, unknown>> {
  return settingsOf(source);
}

function pick(patch: SourcePatch, fields: readonly string[]): SourcePatch {
  return Object.fromEntries(Object.entries(patch).filter(([field]) => fields.includes(field)));
}
