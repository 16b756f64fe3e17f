import { NESTING_MAX } from "./scan-body.ts";

/** A transparent GIF of one pixel. */
const GIF = Uint8Array.from(
  atob("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
  (char) => char.charCodeAt(0),
);

/** Levels a dotted name may make; two are left for what surrounds them. */
const LEVELS_MAX = NESTING_MAX - 2;

/** The one answer of the pixel, whatever became of its event: mail programs show anything else. */
export function pixelAnswer(): Response {
  return new Response(GIF, {
    headers: {
      "Content-Type": "image/gif",
      "Cache-Control": "no-store, no-cache, must-revalidate",
      "Cross-Origin-Resource-Policy": "cross-origin",
    },
  });
}

/**
 * The event in a pixel's query, as the bytes of a JSON object: `data` holds it in base64 (either
 * alphabet), or every parameter is a member, with dots for levels. A `writeKey` beside `data` is not
 * lost. `undefined` when `data` is not base64.
 */
export function pixelEvent(query: URLSearchParams): PixelEvent | undefined {
  const data = query.get("data");
  const writeKey = query.get("writeKey") ?? undefined;
  if (data === null) return { body: new TextEncoder().encode(flattened(query)), writeKey };
  try {
    // A space is what a plus sign becomes in a query.
    const base64 = data.replaceAll("-", "+").replaceAll("_", "/").replaceAll(" ", "+");
    return { body: Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)), writeKey };
  } catch {
    return undefined;
  }
}

export type PixelEvent = { readonly body: Uint8Array; readonly writeKey: string | undefined };

/** Maps, because a parameter may be called `__proto__`. */
type Tree = Map<string, Tree | string>;

function flattened(query: URLSearchParams): string {
  const root: Tree = new Map();
  for (const [name, value] of query) {
    const path = name.split(".");
    const last = path.pop() ?? "";
    if (path.length > LEVELS_MAX) continue;
    let node = root;
    for (const key of path) {
      const inner = node.get(key);
      const next: Tree = typeof inner === "object" ? inner : new Map();
      node.set(key, next);
      node = next;
    }
    node.set(last, value);
  }
  return jsonOf(root);
}

function jsonOf(node: Tree | string): string {
  if (typeof node === "string") return JSON.stringify(node);
  const members = Array.from(node, ([key, value]) => `${JSON.stringify(key)}:${jsonOf(value)}`);
  return `{${members.join(",")}}`;
}
