import dns, { type LookupAddress, type LookupAllOptions, type LookupOptions } from "node:dns";

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/**
 * Makes names under `localhost` mean this machine in this process, as RFC 6761 asks; some resolvers
 * do not know it. Needed for `events.eu1.localhost` and its siblings. Calling it twice does nothing.
 */
export function resolveLocalhostNames(): void {
  if (patched) return;
  patched = true;
  const original = dns.lookup;
  const lookup = (
    hostname: string,
    options: LookupOptions | LookupCallback | number,
    callback?: LookupCallback,
  ): void => {
    if (!hostname.endsWith(".localhost")) {
      return void Reflect.apply(original, dns, [hostname, options, callback]);
    }
    const done = typeof options === "function" ? options : callback;
    const all = typeof options === "object" && (options as LookupAllOptions).all === true;
    const address = { address: "127.0.0.1", family: 4 };
    process.nextTick(() =>
      all ? done?.(null, [address]) : done?.(null, address.address, address.family),
    );
  };
  Object.assign(dns, { lookup });
}

let patched = false;
