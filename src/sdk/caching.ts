/**
 * A browser keeps what it got and asks at every load whether it still holds; caches between do not
 * keep it at all, since they may stand outside the region and would serve a revoked key.
 */
const ASK_AGAIN = "private, max-age=0, must-revalidate";

/** A year, for files whose name changes with their content. */
export const NEVER_CHANGES = "public, max-age=31536000, immutable";

/** Headers of what SDKs load; pages of any origin may. */
export function sdkHeaders(type: string, caching = ASK_AGAIN): Readonly<Record<string, string>> {
  return {
    "Content-Type": type,
    "Cache-Control": caching,
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
  };
}

/** Bytes of the hash that stand in a tag; two texts of one key do not meet in them. */
const TAG_BYTES = 12;

/** The tag of a text. */
export async function etagOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const bytes = Array.from(new Uint8Array(hash, 0, TAG_BYTES));
  return `"${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}

/** Whether the asker holds the text already. A tag is weak once the platform has compressed it. */
export function isKnown(request: Request, etag: string): boolean {
  const held = request.headers.get("If-None-Match") ?? "";
  return held.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}
