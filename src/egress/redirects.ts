/** Headers that may go on to another host: they say how to answer, and nothing of who asks. */
const HARMLESS_HEADERS = ["accept", "accept-language", "user-agent", "range"];

/** Browsers' `fetch` hides a redirect behind status 0; workerd and Node show it. */
export function isRedirect({ status }: Response): boolean {
  return status === 0 || [301, 302, 303, 307, 308].includes(status);
}

/**
 * The request that a redirect asks for, or `undefined` when it cannot be made: no place is named, or
 * the first request had a body, which is never sent a second time to whom an answer names. Keys,
 * signatures and cookies stay behind when it goes to another origin.
 */
export function redirected(request: Request, response: Response): Request | undefined {
  const location = response.headers.get("location");
  const mayRepeat = request.method === "GET" || request.method === "HEAD";
  if (location === null || !mayRepeat || !URL.canParse(location, request.url)) return undefined;
  const from = new URL(request.url);
  const to = new URL(location, from);
  if (to.username !== "" || to.password !== "") return undefined;
  const headers = to.origin === from.origin ? request.headers : harmless(request.headers);
  return new Request(to, { method: request.method, headers, signal: request.signal });
}

function harmless(headers: Headers): Headers {
  const kept = new Headers();
  for (const name of HARMLESS_HEADERS) {
    const value = headers.get(name);
    if (value !== null) kept.set(name, value);
  }
  return kept;
}
