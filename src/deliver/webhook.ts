import { createHash, createHmac } from "node:crypto";

import { egress, type EgressContext } from "../egress/guard.ts";
import { showsOtherHome } from "../egress/other-home.ts";
import { declaredHost } from "../egress/region-hosts.ts";
import { outcomeOfRefusal, outcomeOfStatus } from "./answer.ts";
import type { Deliverer, Delivery, DeliveryOutcome, DestinationKind } from "./deliverer.ts";
import type { DestinationGround, OfferedDestination } from "./destinations.ts";
import { GivenSettings, isDeclared } from "./read-settings.ts";

/** Until the answer begins: Segment's own limit for webhooks. */
export const WEBHOOK_ANSWER_MS_MAX = 5_000;

/** Events of one request where they are sent as lists. */
const BATCH_EVENTS_MAX = 100;
/** Bytes of one request's events, as the lane counts them. */
const BATCH_BYTES_MAX = 500_000;

const DECLARED = {
  level: "declared",
  hosts: [],
  hostSetting: "url",
  note: "The workspace declares the host of the URL to be in its region.",
} as const;

export const WEBHOOK: DestinationKind = {
  slug: "webhook",
  name: "Webhook",
  origin: "homeport",
  regions: { eu: DECLARED, us: DECLARED },
  settings: [
    {
      key: "url",
      label: "URL",
      type: "string",
      isRequired: true,
      isSecret: false,
      help: "https, at a host that the workspace declares to be in its region.",
    },
    {
      key: "secret",
      label: "Signing secret",
      type: "string",
      isRequired: true,
      isSecret: true,
      help: "Signs webhook-signature. As it is, or whsec_ and base64. At least 16 characters.",
    },
    {
      key: "sharedSecret",
      label: "Shared secret of X-Signature",
      type: "string",
      isRequired: false,
      isSecret: true,
      help: "Adds Segment's X-Signature: HMAC-SHA1 of the body in hex, of a list its first event.",
    },
    {
      key: "isBatched",
      label: "Send lists",
      type: "boolean",
      isRequired: false,
      isSecret: false,
      help: `A JSON array of at most ${BATCH_EVENTS_MAX} events instead of a request for each.`,
    },
    {
      key: "headers",
      label: "Headers",
      type: "string",
      isRequired: false,
      isSecret: true,
      help: 'A JSON object of texts that are sent with each request: {"Authorization":"Bearer …"}.',
    },
  ],
  canForget: true,
};

/** Headers that are ours, or that say how a request travels. */
const OWN_HEADER =
  /^(?:webhook-.*|x-signature|idempotency-key|content-.*|host|connection|transfer-encoding|te|upgrade|expect|trailer|cookie|proxy-.*|cf-.*)$/i;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,64}$/;
/** Printable ASCII; nothing that could end a header. */
const HEADER_VALUE = /^[\x20-\x7e]{0,2048}$/;
const SECRET_CHARS_MIN = 16;
const STANDARD_SECRET = "whsec_";

/** POSTs each event, or lists of them, to a URL of the workspace's own, signed. */
export function webhookDestination(now: () => number): OfferedDestination {
  return { kind: WEBHOOK, make: async (ground) => new Webhook(readWebhook(ground), now) };
}

type WebhookSettings = {
  readonly url: string;
  readonly key: Uint8Array;
  readonly sharedSecret: string | undefined;
  readonly isBatched: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly context: EgressContext;
  /** Whether `X-Signature` is the HMAC-SHA256 of the body alone, in base64. */
  readonly isBodySigned: boolean;
};

/** What a webhook is made ready from. */
export type WebhookGround = Pick<
  DestinationGround,
  "settings" | "declaredHosts" | "region" | "development" | "observe"
>;

/**
 * The webhook of a workspace for something other than events; `purpose` is what evidence says of it.
 *
 * @throws SettingRefused for a setting that is wrong.
 */
export function signedWebhook(
  ground: WebhookGround,
  purpose: string,
  now: () => number,
  { isBodySigned = false }: { readonly isBodySigned?: boolean } = {},
): Deliverer {
  const settings = readWebhook(ground);
  return new Webhook({ ...settings, isBodySigned, context: { ...settings.context, purpose } }, now);
}

/** @throws SettingRefused for a setting that is wrong. */
export function readWebhook(ground: WebhookGround): WebhookSettings {
  const given = new GivenSettings(WEBHOOK.slug, ground.settings);
  const text = given.text("url");
  if (!URL.canParse(text)) given.refuse("url", "is no URL");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") given.refuse("url", "holds a password");
  if (showsOtherHome(url.hostname, ground.region)) {
    given.refuse("url", "is at a host whose name shows the other home region");
  }
  if (!isDeclared(ground.declaredHosts, ground.region, url.hostname, url.port)) {
    given.refuse("url", "is at a host that was not declared to be in the region");
  }
  const secret = given.text("secret");
  if (secret.length < SECRET_CHARS_MIN) given.refuse("secret", "is too short");
  const headers = given.texts("headers");
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || OWN_HEADER.test(name) || !HEADER_VALUE.test(value)) {
      given.refuse("headers", "has one that may not be set");
    }
  }
  const port = url.port === "" ? undefined : Number(url.port);
  return {
    url: url.href,
    key: keyOf(secret),
    sharedSecret: given.optionalText("sharedSecret"),
    isBatched: given.flag("isBatched"),
    headers,
    isBodySigned: false,
    context: {
      region: ground.region,
      purpose: "delivery:webhook",
      rules: [declaredHost(url.hostname, port)],
      development: ground.development,
      observe: ground.observe,
    },
  };
}

/** The bytes that sign: of Standard Webhooks' own form of a secret, what its base64 stands for. */
function keyOf(secret: string): Uint8Array {
  if (secret.startsWith(STANDARD_SECRET)) {
    try {
      const text = atob(secret.slice(STANDARD_SECRET.length));
      return Uint8Array.from(text, (char) => char.charCodeAt(0));
    } catch {
      // It only begins like one.
    }
  }
  return new TextEncoder().encode(secret);
}

class Webhook implements Deliverer {
  readonly batch: Deliverer["batch"];
  readonly #settings: WebhookSettings;
  readonly #now: () => number;

  constructor(settings: WebhookSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
    this.batch = {
      events: settings.isBatched ? BATCH_EVENTS_MAX : 1,
      bytes: BATCH_BYTES_MAX,
    };
  }

  async deliver(
    deliveries: readonly Delivery[],
    signal: AbortSignal,
  ): Promise<readonly DeliveryOutcome[]> {
    if (this.#settings.isBatched) {
      const outcome = await this.#sendList(deliveries, signal);
      return deliveries.map(() => outcome);
    }
    const outcomes: DeliveryOutcome[] = [];
    for (const { event, idempotencyKey } of deliveries) {
      const body = JSON.stringify(event);
      outcomes.push(await this.#send(body, body, idempotencyKey, signal));
    }
    return outcomes;
  }

  forget(
    user: { readonly userId?: string; readonly anonymousId?: string },
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> {
    const timestamp = new Date(this.#now()).toISOString();
    const body = JSON.stringify({ type: "delete", ...user, timestamp });
    // Keyed, so that the id says nothing about who is forgotten; the same for each attempt.
    const id = createHmac("sha256", this.#settings.key)
      .update(JSON.stringify(["delete", user.userId ?? null, user.anonymousId ?? null]))
      .digest("hex");
    return this.#send(body, body, `delete-${id}`, signal);
  }

  #sendList(deliveries: readonly Delivery[], signal: AbortSignal): Promise<DeliveryOutcome> {
    const events = deliveries.map(({ event }) => JSON.stringify(event));
    const keys = deliveries.map(({ idempotencyKey }) => idempotencyKey);
    const id = createHash("sha256").update(JSON.stringify(keys)).digest("hex");
    return this.#send(`[${events.join(",")}]`, events[0] ?? "", `list-${id}`, signal);
  }

  async #send(
    body: string,
    bodyOfSha1: string,
    id: string,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> {
    // Not AbortSignal.timeout(), whose timer would keep the object awake long after the answer.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), WEBHOOK_ANSWER_MS_MAX);
    const bytes = new TextEncoder().encode(body);
    const request = new Request(this.#settings.url, {
      method: "POST",
      headers: this.#headers(body, bodyOfSha1, id),
      body: bytes,
      signal: AbortSignal.any([late.signal, signal]),
    });
    try {
      const sent = await egress(this.#settings.context, request, { bodyBytes: bytes.byteLength });
      if (!sent.ok) return outcomeOfRefusal(sent.error);
      const { status, headers, body: answer } = sent.value;
      // Nothing of the answer is used, and it may be of any length.
      await answer?.cancel();
      return outcomeOfStatus(status, headers.get("retry-after"), this.#now());
    } catch {
      return {
        kind: "retry",
        code: late.signal.aborted || signal.aborted ? "ETIMEDOUT" : "ECONNRESET",
      };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Standard Webhooks' headers (https://www.standardwebhooks.com), and Segment's where asked for. */
  #headers(body: string, bodyOfSha1: string, id: string): Record<string, string> {
    const { headers, key, sharedSecret, isBodySigned } = this.#settings;
    const seconds = String(Math.floor(this.#now() / 1_000));
    const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
    const sha1 =
      sharedSecret === undefined
        ? {}
        : { "x-signature": createHmac("sha1", sharedSecret).update(bodyOfSha1).digest("hex") };
    return {
      ...headers,
      "content-type": "application/json",
      "idempotency-key": id,
      "webhook-id": id,
      "webhook-timestamp": seconds,
      "webhook-signature": `v1,${signature}`,
      ...sha1,
      ...(isBodySigned
        ? { "x-signature": createHmac("sha256", key).update(body).digest("base64") }
        : {}),
    };
  }
}
