/** What browsers' SDKs send besides what every page may. */
const HEADERS_ALLOWED = ["authorization", "content-type", "x-retry-count", "x-strict-mode"];
const HEADERS_EXPOSED = "Retry-After, X-RateLimit-Reset";
const METHODS_ALLOWED = "GET, POST, OPTIONS";

/** Seconds a browser may remember a preflight: a day, the most that any browser honours. */
const MAX_AGE_SECONDS = 86_400;

/** How many header names a page may ask for; each is echoed. */
const REQUESTED_MAX = 50;
const HEADER_NAME = /^[a-z0-9-]{1,64}$/;

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
 * Lets the page that asked read the answer. Its origin is echoed, because an SDK may send
 * credentials and browsers then refuse `*`; no answer here depends on them.
 */
export function withCors(request: Request, response: Response): Response {
  const origin = request.headers.get("Origin");
  const { headers } = response;
  headers.set("Access-Control-Allow-Origin", origin ?? "*");
  if (origin !== null) {
    headers.set("Access-Control-Allow-Credentials", "true");
    if (!headers.has("Vary")) headers.set("Vary", "Origin");
  }
  headers.set("Access-Control-Expose-Headers", HEADERS_EXPOSED);
  return response;
}
