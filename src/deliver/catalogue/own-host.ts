import { plainHost } from "../../egress/addresses.ts";

/** The host in a setting that holds a URL, or a host as it is; `undefined` when there is none. */
export function ownHost(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  const text = value.trim();
  if (URL.canParse(text)) return plainHost(new URL(text).hostname);
  return URL.canParse(`https://${text}`)
    ? plainHost(new URL(`https://${text}`).hostname)
    : undefined;
}
