import { randomInt } from "node:crypto";

/** What a mark stands for; docs/data-map.md says where each of these may be kept. */
export type MarkKind =
  /** What customers send about their users. */
  | "event"
  /** The id of a user whom a request to forget or to suppress names. */
  | "subject"
  /** What a customer's staff typed as a name. */
  | "name"
  /** What stands in a table or a file that syncs read. */
  | "row"
  /** A constant, a template or a query that a customer's staff wrote for a sync. */
  | "rule"
  /** The name of a field that a caller made up; only the answer to that caller may repeat it. */
  | "field"
  /** What S3 answers with an error; it quotes requests. Nobody may keep it. */
  | "vendor"
  | "write-key"
  | "token"
  | "invite"
  /** What a destination's vendor gave the customer, so that it knows who sends. */
  | "vendor-secret"
  /** A secret of the deployment. */
  | "deployment"
  /** Keys a source's keyed hashes. */
  | "fingerprint-key"
  /** Signs heads of the audit chain. */
  | "audit-key";

/** A text that is nowhere but where this run put it. */
export type Mark = {
  readonly kind: MarkKind;
  readonly label: string;
  readonly text: string;
  /** Whether a piece of it is as good as the whole: it is random from end to end. */
  readonly isRandom: boolean;
};

/** No two marks share a piece by chance, and none looks like a hash in hex or an id of ours. */
const MARK_CHARS = 24;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Parsers quote ten characters on each side of what they do not understand. */
const PIECE_CHARS = 10;

/** All marks of a run. */
export class Marks {
  readonly #marks = new Map<string, Mark>();

  /** A new mark. Letters and digits only, so that escaping alone does not change it. */
  mint(kind: MarkKind, label: string): string {
    const chars = Array.from({ length: MARK_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]);
    const text = `cnry${chars.join("")}`;
    this.#marks.set(text, { kind, label, text, isRandom: true });
    return text;
  }

  /** Takes a text that the product made, and that nobody else may see. */
  learn(kind: MarkKind, label: string, text: string): void {
    this.#marks.set(text, { kind, label, text, isRandom: false });
  }

  knows(text: string): boolean {
    return this.#marks.has(text);
  }

  all(): readonly Mark[] {
    return [...this.#marks.values()];
  }

  /** The text under which it was minted. */
  text(label: string): string {
    const found = this.all().find((mark) => mark.label === label);
    if (found === undefined) throw new Error(`Cannot find mark ${label}: it was not minted`);
    return found.text;
  }
}

/** A way to write a mark, as characters of one byte each. */
export type Form = { readonly name: string; readonly text: string };

/** The mark as it may stand among other bytes: as it is, in pieces, and in common encodings. */
export function formsOf({ text, isRandom }: Mark): readonly Form[] {
  const bytes = Buffer.from(text, "utf8");
  const plain = bytes.toString("latin1");
  const hex = bytes.toString("hex");
  const forms: Form[] = [
    { name: "plain", text: plain },
    { name: "utf-16", text: Buffer.from(text, "utf16le").toString("latin1") },
    { name: "hex", text: hex },
    { name: "hex in capitals", text: hex.toUpperCase() },
  ];
  for (const offset of [0, 1, 2]) {
    const base64 = base64Inside(bytes, offset);
    forms.push({ name: `base64 at ${offset}`, text: base64 });
    const url = base64.replaceAll("+", "-").replaceAll("/", "_");
    if (url !== base64) forms.push({ name: `base64url at ${offset}`, text: url });
  }
  return isRandom ? [...forms, ...piecesOf(plain)] : forms;
}

function piecesOf(text: string): readonly Form[] {
  return Array.from({ length: text.length - PIECE_CHARS + 1 }, (_, at) => ({
    name: "a piece",
    text: text.slice(at, at + PIECE_CHARS),
  }));
}

/** What is left of base64 when nothing is known of the bytes around, `offset` of them before. */
function base64Inside(bytes: Uint8Array, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
  const bits = (offset + bytes.length) * 8;
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(bits / 6));
}
