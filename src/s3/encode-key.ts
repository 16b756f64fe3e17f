/**
 * Percent-encodes all but `/` and RFC 3986's unreserved characters, as SigV4 does when it signs: a
 * key sent in any other spelling would not match its signature.
 *
 * @throws RangeError for a key that no URL can carry: an empty one, one with a segment `.` or `..`
 * (which URLs drop, encoded or not), or one that is not well-formed Unicode.
 */
export function encodeKey(key: string): string {
  if (key === "" || !key.isWellFormed()) {
    throw new RangeError("Cannot address an object: its key is empty or not well-formed Unicode");
  }
  const segments = key.split("/");
  if (segments.some((segment) => segment === "." || segment === "..")) {
    throw new RangeError("Cannot address an object: its key has a segment . or ..");
  }
  return segments.map(encodeStrict).join("/");
}

/** Percent-encodes everything but RFC 3986's unreserved characters. */
export function encodeStrict(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
