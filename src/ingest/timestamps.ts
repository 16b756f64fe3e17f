/**
 * ISO 8601 as SDKs send it, with any fraction and offset. It is checked before `Date.parse`, which
 * would read a date into "order 66".
 */
const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s?(?:[Zz]|([+-]\d\d):?(\d\d)?)?)?$/;

/** The form nearly all SDKs use, which `Date.parse` takes as it is. */
const ISO_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Times are written with a year of four digits; anything outside is nonsense, not a time. */
const YEAR_0_MS = Date.parse("0000-01-01T00:00:00.000Z");
const YEAR_10000_MS = Date.UTC(10_000, 0, 1);

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const ZERO = 0x30;

/** Length of the usual form, and where its seconds stand. */
const USUAL_CHARS = "2026-11-22T04:08:16.123Z".length;
const SECONDS_AT = "2026-11-22T04:08:".length;

/** The instant that a text or a number of milliseconds means, or `undefined` for nonsense. */
export function parseTimestamp(value: string | number): number | undefined {
  const ms = typeof value === "number" ? Math.trunc(value) : parseIso(value);
  return ms >= YEAR_0_MS && ms < YEAR_10000_MS ? ms : undefined;
}

/** An absent offset is UTC: the other reading would depend on where we run. */
function parseIso(text: string): number {
  if (ISO_UTC.test(text)) return Date.parse(text);
  const match = ISO.exec(text);
  if (match === null) return Number.NaN;
  const [, date = "", time = "00:00", fraction = "0", hours, minutes = "00"] = match;
  const offset = hours === undefined ? "Z" : `${hours}:${minutes}`;
  const seconds = time.length === "00:00".length ? `${time}:00` : time;
  return Date.parse(`${date}T${seconds}.${fraction.slice(0, 3).padEnd(3, "0")}${offset}`);
}

/**
 * When an event happened, by the server's clock: `receivedAt - (sentAt - original)`. Without
 * `sentAt` the caller's clock is trusted, without `original` the event happened as it came in, and
 * so it did when the clocks differ by more than a date can hold.
 */
export function correctTimestamp(
  receivedAtMs: number,
  sentAtMs: number | undefined,
  originalMs: number | undefined,
): number {
  if (originalMs === undefined) return receivedAtMs;
  const ms = receivedAtMs - ((sentAtMs ?? receivedAtMs) - originalMs);
  return ms >= YEAR_0_MS && ms < YEAR_10000_MS ? ms : receivedAtMs;
}

/** Writes instants as ISO 8601 with milliseconds; those of one second share the work. */
export class IsoWriter {
  #second = Number.NaN;
  #prefix = "";

  /** The text of an instant between the years 0 and 9999. */
  write(ms: number): string {
    const second = Math.floor(ms / SECOND_MS);
    if (second !== this.#second) {
      this.#second = second;
      this.#prefix = new Date(second * SECOND_MS).toISOString().slice(0, -"000Z".length);
    }
    const rest = ms - second * SECOND_MS;
    return `${this.#prefix}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`;
  }
}

/** Reads instants as {@link parseTimestamp} does; those of one minute share the work. */
export class IsoReader {
  /** `2026-11-22T04:08:` of the last text in the usual form, and the instant it stands for. */
  #minute = "";
  #minuteMs = 0;

  read(text: string): number | undefined {
    if (text.length !== USUAL_CHARS || !text.endsWith("Z")) return parseTimestamp(text);
    if (this.#minute === "" || !text.startsWith(this.#minute)) {
      const ms = parseTimestamp(text);
      if (ms !== undefined && ISO_UTC.test(text)) {
        this.#minute = text.slice(0, SECONDS_AT);
        this.#minuteMs = Math.floor(ms / MINUTE_MS) * MINUTE_MS;
      }
      return ms;
    }
    const seconds = digits(text, SECONDS_AT, SECONDS_AT + 2);
    const rest = digits(text, SECONDS_AT + 3, SECONDS_AT + 6);
    const isUsual =
      seconds < 60 && rest >= 0 && seconds >= 0 && text.charAt(SECONDS_AT + 2) === ".";
    return isUsual ? this.#minuteMs + seconds * SECOND_MS + rest : parseTimestamp(text);
  }
}

/** The number that the digits from `from` to `to` make; negative when one is none. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
