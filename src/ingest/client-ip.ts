import type { IpRule } from "../workspace/source-config.ts";

/** Parts of an address that `truncated` keeps: /24 of IPv4, /48 of IPv6. */
const IPV4_PARTS_KEPT = 3;
const IPV6_GROUPS_KEPT = 3;
const IPV6_GROUPS = 8;
const GROUP = /^[0-9a-f]{1,4}$/;
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/**
 * What may stand in `context.ip` for a client's address, by the source's rule. `truncated` keeps the
 * network: /24 of IPv4, /48 of IPv6. What is not an address is never passed on.
 */
export function ipForContext(address: string | null, rule: IpRule): string | undefined {
  if (address === null || rule === "none") return undefined;
  const text = address.trim().toLowerCase();
  const ipv4 = IPV4.exec(text.startsWith("::ffff:") ? text.slice("::ffff:".length) : text);
  if (ipv4 !== null) return ipv4Text(ipv4.slice(1), rule);
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  return rule === "full" ? text : `${groups.slice(0, IPV6_GROUPS_KEPT).join(":")}::`;
}

function ipv4Text(parts: readonly string[], rule: "full" | "truncated"): string | undefined {
  if (parts.some((part) => Number(part) > 255)) return undefined;
  return rule === "full" ? parts.join(".") : [...parts.slice(0, IPV4_PARTS_KEPT), "0"].join(".");
}

/** The eight groups of an IPv6 address, `::` filled in; `undefined` for anything else. */
function ipv6Groups(text: string): readonly string[] | undefined {
  const [head = "", tail, ...rest] = text.split("::");
  if (rest.length > 0) return undefined;
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = IPV6_GROUPS - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after];
  return groups.every((group) => GROUP.test(group)) ? groups : undefined;
}
