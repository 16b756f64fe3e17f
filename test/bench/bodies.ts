/** Requests that are made once and sent many times, each time with new messageIds. */
export type PreparedRequest = {
  readonly bytes: Buffer;
  /** Where the messageIds stand. */
  readonly idsAt: readonly number[];
};

export type RequestOptions = {
  readonly path: string;
  readonly host: string;
  readonly writeKey: string;
  /** Events in a batch; 1 sends a single event to a path of its own. */
  readonly events: number;
  /** Chooses the content: other seeds, other users and properties. */
  readonly seed: number;
};

const ID_CHARS = 36;
const PLACEHOLDER = "x".repeat(ID_CHARS);
const HEX = Buffer.from("0123456789abcdef");
const WORDS = 4;
const HYPHEN = 0x2d;
/** Characters of a UUID before which a hyphen stands. */
const HYPHENS_AT = [8, 13, 18, 23];

/** One request, head and body, ready to be written to a socket. */
export function prepareRequest(options: RequestOptions): PreparedRequest {
  const { path, host, writeKey, events, seed } = options;
  const random = mulberry32(seed);
  const list = Array.from({ length: events }, () => eventOf(random));
  const sentAt = new Date().toISOString();
  const body = JSON.stringify(events === 1 ? list[0] : { batch: list, sentAt });
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`,
    "Content-Type: application/json",
    "User-Agent: homeport-bench/1",
    "CF-Connecting-IP: 203.0.113.7",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  const bytes = Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
  const idsAt: number[] = [];
  for (let at = bytes.indexOf(PLACEHOLDER); at >= 0; at = bytes.indexOf(PLACEHOLDER, at + 1)) {
    idsAt.push(at);
  }
  return { bytes, idsAt };
}

/** The messageId of the event of that number. */
export function messageIdOf(number: number): string {
  const bytes = Buffer.alloc(ID_CHARS);
  writeId(bytes, 0, number);
  return bytes.toString("latin1");
}

/** Writes a UUID-shaped id: other numbers below 2 ** 32 give other ids, spread as random ones are. */
export function writeId(into: Buffer, at: number, number: number): void {
  let i = at;
  for (let word = 0; word < WORDS; word++) {
    // The mix of the first word can be undone, so it alone keeps numbers apart.
    const mixed = mix(number + word * 0x9e3779b9);
    for (let shift = 28; shift >= 0; shift -= 4) {
      if (HYPHENS_AT.includes(i - at)) into[i++] = HYPHEN;
      into[i++] = HEX[(mixed >>> shift) & 15] ?? 0;
    }
  }
}

function mix(number: number): number {
  let h = number >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const NAMES = ["Product Viewed", "Product Added", "Cart Viewed", "Checkout Started", "Searched"];
const AGENTS = [
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
];

/** A track call of about 580 bytes, as a server-side SDK sends it. */
function eventOf(random: () => number): unknown {
  const number = (below: number): number => Math.floor(random() * below);
  const hex = (): string => number(2 ** 32).toString(16);
  const path = `/products/${hex()}`;
  return {
    type: "track",
    event: NAMES[number(NAMES.length)],
    userId: `user-${number(50_000)}`,
    anonymousId: `${hex()}-${hex()}`,
    messageId: PLACEHOLDER,
    timestamp: new Date().toISOString(),
    properties: {
      productId: hex(),
      price: number(100_000) / 100,
      quantity: 1 + number(5),
      currency: "EUR",
      coupon: number(4) === 0 ? `save-${number(1000)}` : null,
      position: number(40),
    },
    context: {
      library: { name: "@segment/analytics-node", version: "3.1.0" },
      userAgent: AGENTS[number(AGENTS.length)],
      locale: "de-DE",
      page: { path, url: `https://shop.example.com${path}`, referrer: "" },
    },
    integrations: {},
  };
}

/** A small generator of numbers that are the same in every run. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
