import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Fault, FaultTable } from "./faults.ts";
import type { BucketOptions, Role } from "./options.ts";
import type { RequestLog } from "./request-log.ts";

/** What control reaches. */
export type ControlParts = {
  readonly faults: FaultTable;
  readonly log: RequestLog;
  readonly setRole: (role: Role) => void;
  /** Changes the options of a bucket that is there. */
  readonly setBucket: (bucket: BucketOptions) => void;
};

/**
 * The way tests make things go wrong and see what was asked: `POST /faults` arms one, `DELETE
 * /faults` clears all, `GET /requests?after=N` lists, `DELETE /requests` forgets, `PUT /roles` and
 * `PUT /buckets` put a role or a bucket's options in the place of the earlier ones. Loopback only,
 * and without a password, because it can do nothing but disturb this stand-in.
 */
export function createControl(parts: ControlParts): Server {
  return createServer((message, response) => {
    answer(message, parts).then(
      (body) => response.writeHead(200, { "content-type": "application/json" }).end(body),
      () => response.writeHead(400).end(),
    );
  });
}

async function answer(
  message: IncomingMessage,
  { faults, log, setRole, setBucket }: ControlParts,
): Promise<string> {
  const url = new URL(message.url ?? "/", "http://control");
  switch (`${message.method} ${url.pathname}`) {
    case "POST /faults":
      faults.arm(JSON.parse(await readText(message)) as Fault);
      return "{}";
    case "DELETE /faults":
      faults.clear();
      return "{}";
    case "PUT /roles":
      setRole(JSON.parse(await readText(message)) as Role);
      return "{}";
    case "PUT /buckets":
      setBucket(JSON.parse(await readText(message)) as BucketOptions);
      return "{}";
    case "GET /requests":
      return JSON.stringify(log.after(Number(url.searchParams.get("after") ?? 0)));
    case "DELETE /requests":
      log.clear();
      return "{}";
    default:
      throw new Error(`Cannot serve ${message.method} ${url.pathname}: no such control`);
  }
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
