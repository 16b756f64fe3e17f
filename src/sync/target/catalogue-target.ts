import { createHash } from "node:crypto";

import {
  CONNECTIONS_MAX,
  type Deliverer,
  type Delivery,
  type DeliveryOutcome,
} from "../../deliver/deliverer.ts";
import type {
  BatchResult,
  RecordResult,
  Target,
  TargetBatch,
  TargetField,
  TargetObject,
  TargetRecord,
  TestStep,
} from "./target.ts";

/** Fields of records that name their user; all others are traits or properties. */
const IDENTIFIERS = ["userId", "anonymousId"] as const;

const OBJECTS: readonly TargetObject[] = [
  {
    name: "identify",
    label: "Users, by identify",
    operations: ["upsert"],
    takesAnyField: true,
    identifiersMax: 1,
  },
  {
    name: "group",
    label: "Groups, by group",
    operations: ["upsert"],
    takesAnyField: true,
    identifiersMax: 1,
  },
  {
    name: "track",
    label: "Events, by track",
    operations: ["append"],
    takesAnyField: true,
    identifiersMax: 1,
  },
];

const field = (name: string, isIdentifier: boolean, isRequired: boolean): TargetField => ({
  name,
  label: name,
  type: "string",
  isRequired,
  isIdentifier,
  isArray: false,
});

const FIELDS: Readonly<Record<string, readonly TargetField[]>> = {
  identify: IDENTIFIERS.map((name) => field(name, true, false)),
  group: [field("groupId", true, true), ...IDENTIFIERS.map((name) => field(name, false, false))],
  track: [
    field("messageId", true, true),
    field("event", false, true),
    ...IDENTIFIERS.map((name) => field(name, false, false)),
  ],
};

/**
 * A destination of the workspace's catalogue: records become the events that it takes, and go the way
 * of every other event to it, under the same guard.
 */
export class CatalogueTarget implements Target {
  readonly limits: Target["limits"];
  readonly #deliverer: Deliverer;

  constructor(deliverer: Deliverer) {
    this.#deliverer = deliverer;
    const { events, bytes } = deliverer.batch;
    this.limits = { records: events, bytes, calls: deliverer.calls ?? CONNECTIONS_MAX };
  }

  async test(): Promise<readonly TestStep[]> {
    const message = "POST /api/v1/destinations/:id/test tries the destination itself.";
    return [{ step: "send", state: "skipped", message }];
  }

  async objects(): Promise<readonly TargetObject[]> {
    return OBJECTS;
  }

  async fields(object: string): Promise<readonly TargetField[]> {
    return FIELDS[object] ?? [];
  }

  async send({ object, records }: TargetBatch, signal: AbortSignal): Promise<BatchResult> {
    const deliveries = records.map((record) => deliveryOf(object, record));
    const outcomes = await this.#deliverer.deliver(deliveries, signal);
    const retry = outcomes.find((outcome) => outcome.kind === "retry");
    if (retry !== undefined && outcomes.every(({ kind }) => kind === "retry")) return retry;
    return { kind: "answered", results: records.map((_, at) => resultOf(outcomes[at])) };
  }

  async close(): Promise<void> {
    await this.#deliverer.close?.();
  }
}

/** A record that was put off while others of its call were taken comes again with the next run. */
function resultOf(outcome: DeliveryOutcome | undefined): RecordResult {
  if (outcome?.kind === "delivered") return { kind: "accepted" };
  const reason =
    outcome?.kind === "filtered"
      ? `the destination takes no such event (${outcome.code})`
      : `the destination answered ${outcome?.code ?? "nothing"}`;
  return { kind: "rejected", reason };
}

function deliveryOf(object: string, { fields, idempotencyKey }: TargetRecord): Delivery {
  const id = createHash("sha256").update(idempotencyKey).digest("hex");
  const now = new Date().toISOString();
  const { userId, anonymousId, groupId, event, messageId, timestamp, ...rest } = fields;
  const base = {
    messageId: object === "track" ? textOf(messageId) : id,
    timestamp: typeof timestamp === "string" ? timestamp : now,
    receivedAt: now,
    context: { library: { name: "homeport-sync", version: "1" } },
    integrations: {},
    ...(userId === undefined || userId === null ? {} : { userId: textOf(userId) }),
    ...(anonymousId === undefined || anonymousId === null
      ? {}
      : { anonymousId: textOf(anonymousId) }),
  };
  return { idempotencyKey: id, event: { ...base, ...bodyOf(object, { groupId, event }, rest) } };
}

function bodyOf(
  object: string,
  { groupId, event }: { readonly groupId: unknown; readonly event: unknown },
  rest: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (object === "track") return { type: "track", event: textOf(event), properties: rest };
  if (object === "group") return { type: "group", groupId: textOf(groupId), traits: rest };
  return { type: "identify", traits: rest };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}
