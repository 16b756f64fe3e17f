/** Characters of the header worth decoding; a token with its prefix has about 100. */
const AUTHORIZATION_CHARS_MAX = 512;

/** What Census's keys begin with; some clients put it before whatever key they are given. */
const KEY_PREFIX = "secret-token:";

/**
 * The Authorization header as the management API knows it: Census's clients send the key as a bearer
 * token or as the password of a user called `bearer`, with or without the prefix of its keys.
 */
export function bearerOf(authorization: string | null): string | null {
  if (authorization === null || authorization.length > AUTHORIZATION_CHARS_MAX) return null;
  const [, scheme = "", credentials = ""] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === "bearer") return `Bearer ${withoutPrefix(credentials)}`;
  if (scheme.toLowerCase() !== "basic") return null;
  const [user, ...password] = decoded(credentials).split(":");
  if (user !== "bearer") return null;
  return `Bearer ${withoutPrefix(password.join(":"))}`;
}

function withoutPrefix(key: string): string {
  return key.startsWith(KEY_PREFIX) ? key.slice(KEY_PREFIX.length) : key;
}

function decoded(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return "";
  }
}
