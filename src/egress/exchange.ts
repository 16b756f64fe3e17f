/** A request and its answer, as somebody who tests a destination is shown them. */
export type Exchange = {
  readonly method: string;
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly answerHeaders: Readonly<Record<string, string>>;
  readonly answerBody: string;
};

/** Characters of a body that are shown. */
export const SHOWN_CHARS_MAX = 4_000;

/** A request as it can be shown; the request itself stays as it was. */
export async function showRequest(
  request: Request,
): Promise<Omit<Exchange, "status" | "answerHeaders" | "answerBody">> {
  return {
    method: request.method,
    url: request.url,
    requestHeaders: Object.fromEntries(request.headers),
    requestBody: await textOf(request.clone()),
  };
}

/** An answer as it can be shown; the answer itself stays as it was. */
export async function showAnswer(
  response: Response,
): Promise<Pick<Exchange, "status" | "answerHeaders" | "answerBody">> {
  return {
    status: response.status,
    answerHeaders: Object.fromEntries(response.headers),
    answerBody: await textOf(response.clone()),
  };
}

const MASK = "••••••";
/** Of a piece of a secret; a shorter one would be found in half of what is shown. */
const PIECE_CHARS_MIN = 8;
const SECRET_HEADER =
  /^(?:authorization|cookie|set-cookie|proxy-authorization)$|key|token|secret|signature/i;
/** Headers whose values are masked wherever a vendor repeats them; keys of idempotency are no secret. */
const SENT_SECRET = /authorization|cookie|api-?key|token|secret/i;

/** The same with every secret masked, wherever it stands and however it is written there. */
export function maskSecrets(exchange: Exchange, secrets: readonly string[]): Exchange {
  const sent = Object.entries(exchange.requestHeaders).flatMap(([name, value]) =>
    SENT_SECRET.test(name) ? piecesOf(value) : [],
  );
  const written = [...secrets, ...secrets.flatMap(textsIn).flatMap(piecesOf), ...sent]
    .filter((secret) => secret !== "")
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    .toSorted((a, b) => b.length - a.length);
  const mask = (text: string): string =>
    written.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
  const maskAll = (headers: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        SECRET_HEADER.test(name) ? MASK : mask(value),
      ]),
    );
  return {
    ...exchange,
    url: mask(exchange.url),
    requestHeaders: maskAll(exchange.requestHeaders),
    requestBody: mask(exchange.requestBody).slice(0, SHOWN_CHARS_MAX),
    answerHeaders: maskAll(exchange.answerHeaders),
    answerBody: mask(exchange.answerBody).slice(0, SHOWN_CHARS_MAX),
  };
}

/** The texts of a secret that is a JSON object, as the headers of a webhook are; else it alone. */
function textsIn(secret: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(secret);
    const members = typeof value === "object" && value !== null ? Object.values(value) : [];
    return members.filter((member) => typeof member === "string");
  } catch {
    return [];
  }
}

/** A text, and what it says behind a scheme: `Bearer abc` is as secret as `abc`. */
function piecesOf(text: string): readonly string[] {
  const behind = text.slice(text.indexOf(" ") + 1);
  return [text, behind].filter(({ length }) => length >= PIECE_CHARS_MIN);
}

async function textOf(message: Request | Response): Promise<string> {
  try {
    return await message.text();
  } catch {
    return "";
  }
}
