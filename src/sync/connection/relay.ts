import { ok } from "../../core/result.ts";
import type { Dial, RawSocket } from "../../deliver/postgres/raw-socket.ts";
import { contactOf, refuse } from "../../egress/guard.ts";
import { judgeSocket } from "../../egress/judge.ts";
import type { Relay } from "../../region/host-settings.ts";
import { SourceFailure } from "../source/source.ts";

/** Bytes of an answer to CONNECT: more is no proxy. */
const ANSWER_BYTES_MAX = 8_192;
const END_OF_HEAD = "\r\n\r\n";

/**
 * Opens sockets through the relay. Target and relay are each judged, and each is evidence. The relay
 * sees names and ciphertext: TLS begins after it, with the target.
 */
export function dialThrough(relay: Pick<Relay, "host" | "port">, dial: Dial): Dial {
  return async (context, target, options) => {
    const judged = judgeSocket(context, target);
    const name = `${target.hostname}:${target.port}`;
    if (!judged.ok) return refuse(context, { host: name }, judged.error);
    const { host, port } = relay;
    const way = { ...context, rules: [{ host, port, level: "declared" as const }] };
    const dialled = await dial(way, { hostname: host, port }, options);
    if (!dialled.ok) return dialled;
    await context.observe?.sending(contactOf(context, name), judged.value, 0);
    const socket = dialled.value;
    await socket.opened;
    if (await opensWay(socket, name)) return ok(socket);
    await socket.close().catch(() => undefined);
    throw new SourceFailure("relay_refused", "The operator's relay does not open the way", true);
  };
}

/** Whether the relay opened the way. */
async function opensWay(socket: RawSocket, name: string): Promise<boolean> {
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode(`CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\n\r\n`));
  writer.releaseLock();
  const reader = socket.readable.getReader();
  const decoder = new TextDecoder("latin1");
  let head = "";
  while (!head.includes(END_OF_HEAD) && head.length < ANSWER_BYTES_MAX) {
    const { value, done } = await reader.read();
    if (done) break;
    head += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  // A database says nothing first, so whatever came after the head is not its.
  return /^HTTP\/1\.[01] 200[ \r]/.test(head) && head.endsWith(END_OF_HEAD);
}
