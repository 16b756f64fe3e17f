import { currentContext } from "./current-context.ts";
import { contactOf, refuse } from "./guard.ts";
import { EgressRefused } from "./guarded-fetch.ts";
import { judgeSocket, type EgressContext } from "./judge.ts";

export type SocketTarget = { readonly hostname: string; readonly port: number };

/** The platform's `connect`, of which only the shim of `cloudflare:sockets` knows the true one. */
export type Connect<Socket> = (address: SocketTarget | string, options?: unknown) => Socket;

/**
 * `connect` for library code, in the context that the caller runs in. A first contact is written
 * before the socket opens and reaches the disk while it does, because a library wants its socket at
 * once; code of ours waits with `announceSocket` first.
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

/** Resolves when the evidence of a first contact over a socket is on disk. */
export async function announceSocket(context: EgressContext, target: SocketTarget): Promise<void> {
  const judged = judgeSocket(context, target);
  if (!judged.ok) return;
  await context.observe?.sending(contactOf(context, hostOf(target)), judged.value, 0);
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
