/**
 * Modules of the runtime by which something could be reached or found that the guard does not see.
 * wrangler.toml has `src/egress/shims` stand for them in the bundle.
 */
export const GUARDED_MODULES = [
  "cloudflare:sockets",
  "child_process",
  "cluster",
  "dgram",
  "dns",
  "dns/promises",
  "http",
  "http2",
  "https",
  "inspector",
  "module",
  "net",
  "tls",
] as const;
