import type { Result } from "../../core/result.ts";
import type { EgressContext, EgressRefusal } from "../guard.ts";
import { dial, guardConnect, type Connect, type SocketTarget } from "../guarded-connect.ts";

/**
 * Stands for `cloudflare:sockets` in the bundle. The true module is asked for under a name that is
 * put together when the Worker starts, because the bundler would alias its plain name to this file.
 */
const name = ["cloudflare", "sockets"].join(":");
const outside = (await import(name)) as { readonly connect: Connect<unknown> };

export const connect = guardConnect(outside.connect);

/** For code of ours, which imports this file by its name. */
export function dialOutside(
  context: EgressContext,
  target: SocketTarget,
  options?: unknown,
): Promise<Result<unknown, EgressRefusal>> {
  return dial(outside.connect, context, target, options);
}

export default { connect };
