/** What browsers' SDKs send besides what every page may. */
const HEADERS_ALLOWED = ["authorization", "content-type", "x-retry-count", "x-strict-mode"];
const HEADERS_EXPOSED = "Retry-After, X-RateLimit-Reset";
const METHODS_ALLOWED = "GET, POST, OPTIONS";

/** Seconds a browser may remember a preflight: a day, the most that any browser honours. */
const MAX_AGE_SECONDS = 86_400;

/** How many header names a page may ask for; each is echoed. */
const REQUESTED_MAX = 50;
const HEADER_NAME = /^[a-z0-9-]{1,64}$/;

const FOR_NO_PAGE: Readonly<Record<string, string>> = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": HEADERS_EXPOSED,
};

/** The answer to a preflight of any endpoint. */
export function preflight(request: Request): Response {
  const requested = (request.headers.get("Access-Control-Request-Headers") ?? "")
    .toLowerCase()
    .split(",", REQUESTED_MAX)
    .map((name) => name.trim())
    .filter((name) => HEADER_NAME.test(name));
  const headers = new Headers({
    "Access-Control-Allow-Methods": METHODS_ALLOWED,
    "Access-Control-Allow-Headers": [...new Set([...HEADERS_ALLOWED, ...requested])].join(", "),
    "Access-Control-Max-Age": String(MAX_AGE_SECONDS),
    Vary: "Origin, Access-Control-Request-Headers",
  });
  return new Response(null, { status: 204, headers });
}

/**
 * Headers that let the page that asked read the answer. Its origin is echoed, because an SDK may
 * send credentials and browsers then refuse `*`; no answer here depends on them.
 */
export function corsHeaders(request: Request): Readonly<Record<string, string>> {
  const origin = request.headers.get("Origin");
  if (origin === null) return FOR_NO_PAGE;
  return {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": HEADERS_EXPOSED,
    Vary: "Origin",
  };
}

/** Adds {@link corsHeaders} to an answer; a `Vary` of its own stands. */
export function withCors(request: Request, response: Response): Response {
  const { headers } = response;
  for (const [name, value] of Object.entries(corsHeaders(request))) {
    if (name !== "Vary" || !headers.has("Vary")) headers.set(name, value);
  }
  return response;
}
