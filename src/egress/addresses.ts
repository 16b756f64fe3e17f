/**
 * Which addresses are nobody's business to reach from a Worker: this machine, private networks, the
 * metadata services of clouds, and ranges that carry one of those inside. Everything here works on
 * what the URL parser made of a host, so that octal, hexadecimal and shortened forms are seen as the
 * address they stand for.
 */

/** First and last address of each refused IPv4 range, as 32-bit numbers are written. */
const REFUSED_V4: readonly (readonly [base: string, prefixBits: number])[] = [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // carrier-grade NAT
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local, and the metadata service 169.254.169.254
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, and broadcast
];

/** Refused parts of 2000::/3, the only IPv6 range that is public at all. */
const REFUSED_V6: readonly (readonly [firstGroups: readonly number[], prefixBits: number])[] = [
  [[0x2001, 0x0000], 23], // protocol assignments, Teredo among them
  [[0x2001, 0x0db8], 32], // documentation
  [[0x2002], 16], // 6to4: carries an IPv4 address
  [[0x3fff], 20], // documentation
];

const PUBLIC_V6_BITS = 0b001;

/** Names that by their standards are never public. */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home\.arpa|in-addr\.arpa)$/;

/** Whether `hostname`, as `URL.hostname` gives it, is this very machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]";
}

/**
 * Whether a request to `hostname` would stay in a private network or on this machine. `hostname` is
 * as `URL.hostname` gives it: an IPv6 address in brackets. A name may still resolve to a private
 * address; the platform refuses that when it connects.
 */
export function isPrivateHost(hostname: string): boolean {
  if (hostname.startsWith("[")) return isPrivateV6(hostname.slice(1, -1));
  const v4 = parseV4(hostname);
  if (v4 !== undefined) return isPrivateV4(v4);
  return LOCAL_NAME.test(hostname) || !hostname.includes(".");
}

/**
 * The host that `text` stands for as `URL.hostname` writes it, or `undefined` when it is written in
 * a way that other programs may read as another host: octal or hexadecimal numbers, shortened
 * addresses, percent signs, a zone, a dot at the end. Capital letters are no difference.
 */
export function plainHost(text: string): string | undefined {
  const bracketed = text.includes(":") && !text.startsWith("[") ? `[${text}]` : text;
  if (!URL.canParse(`https://${bracketed}/`)) return undefined;
  const url = new URL(`https://${bracketed}/`);
  const isSame = url.hostname === bracketed.toLowerCase() || bracketed.startsWith("[");
  if (!isSame || url.pathname !== "/" || url.port !== "" || url.username !== "") return undefined;
  return isOddHost(url.hostname) ? undefined : url.hostname;
}

/** Whether a host, although a URL may have it, is no way to write the name of a public one. */
export function isOddHost(hostname: string): boolean {
  return hostname === "" || hostname.endsWith(".") || /[^a-z0-9.\-_:[\]]/.test(hostname);
}

/** Whether `text` is an IPv4 address, written out in full. */
export function isV4(text: string): boolean {
  return parseV4(text) !== undefined;
}

/** Whether `text` is an IPv6 address without brackets. */
export function isV6(text: string): boolean {
  return text.includes(":") && !/[[\]/]/.test(text) && URL.canParse(`https://[${text}]/`);
}

function isPrivateV4(address: number): boolean {
  return REFUSED_V4.some(([base, prefixBits]) => {
    const shift = 32 - prefixBits;
    return address >>> shift === (parseV4(base) ?? 0) >>> shift;
  });
}

function isPrivateV6(text: string): boolean {
  const groups = parseV6(text);
  if (groups === undefined || (groups[0] ?? 0) >>> 13 !== PUBLIC_V6_BITS) return true;
  const first = firstBits(groups);
  return REFUSED_V6.some(([base, prefixBits]) => {
    const shift = 32 - prefixBits;
    return first >>> shift === firstBits(base) >>> shift;
  });
}

function firstBits([high = 0, low = 0]: readonly number[]): number {
  return ((high << 16) | low) >>> 0;
}

function parseV4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((address, part) => ((address << 8) | part) >>> 0, 0);
}

/** The eight groups of an address as the URL parser writes it: no zone, no dotted end. */
function parseV6(text: string): readonly number[] | undefined {
  const [head = "", tail, ...rest] = text.split("::");
  if (rest.length > 0) return undefined;
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => 0), ...after];
  return groups.some(Number.isNaN) ? undefined : groups;
}

function groupsOf(text: string): readonly number[] {
  if (text === "") return [];
  return text
    .split(":")
    .map((group) => (/^[0-9a-f]{1,4}$/.test(group) ? parseInt(group, 16) : NaN));
}
