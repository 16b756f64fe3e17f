import { guardConnect, type Connect } from "../guarded-connect.ts";

/**
 * Stands for `cloudflare:sockets` in the bundle. The true module is asked for under a name that is
 * put together when the Worker starts, because the bundler would alias its plain name to this file.
 */
const name = ["cloudflare", "sockets"].join(":");
const outside = (await import(name)) as { readonly connect: Connect<unknown> };

export const connect = guardConnect(outside.connect);
export default { connect };
