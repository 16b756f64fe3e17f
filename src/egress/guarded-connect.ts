import { ok, type Result } from "../core/result.ts";
import { currentContext } from "./current-context.ts";
import { contactOf, refuse, type EgressRefusal } from "./guard.ts";
import { EgressRefused } from "./guarded-fetch.ts";
import { judgeSocket, type EgressContext } from "./judge.ts";

export type SocketTarget = { readonly hostname: string; readonly port: number };

/** The platform's `connect`, of which only the shim of `cloudflare:sockets` knows the true one. */
export type Connect<Socket> = (address: SocketTarget | string, options?: unknown) => Socket;

/**
 * `connect` for library code, in the context that the caller runs in. A first contact is written
 * before the socket opens and reaches the disk while it does, because a library wants its socket at
 * once; code of ours uses `dial`.
 */
export function guardConnect<Socket>(outside: Connect<Socket>): Connect<Socket> {
  return (address, options) => {
    const context = currentContext();
    const target = targetOf(address);
    const host = hostOf(target);
    const judged = judgeSocket(context, target);
    if (!judged.ok) {
      void refuse(context, { host }, judged.error);
      throw new EgressRefused({ kind: judged.error, host });
    }
    void context.observe?.sending(contactOf(context, host), judged.value, 0);
    return outside(target, options);
  };
}

/**
 * Opens a socket for code of ours, once the evidence of a first contact is on disk. The caller counts
 * its bytes with the context's observer: only it knows when they pass.
 */
export async function dial<Socket>(
  outside: Connect<Socket>,
  context: EgressContext,
  target: SocketTarget,
  options?: unknown,
): Promise<Result<Socket, EgressRefusal>> {
  const host = hostOf(target);
  const judged = judgeSocket(context, target);
  if (!judged.ok) return refuse(context, { host }, judged.error);
  await context.observe?.sending(contactOf(context, host), judged.value, 0);
  return ok(outside(target, options));
}

function hostOf({ hostname, port }: SocketTarget): string {
  return `${hostname}:${port}`;
}

/** `host:port`, `[address]:port`, or both apart; whatever else it is fails the judgement. */
function targetOf(address: SocketTarget | string): SocketTarget {
  if (typeof address !== "string") return { hostname: address.hostname, port: address.port };
  const [, hostname = address, port = "0"] = /^(.*):(\d+)$/.exec(address) ?? [];
  return { hostname, port: Number(port) };
}
