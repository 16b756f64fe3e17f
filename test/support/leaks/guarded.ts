// First of all, as in src/index.ts.
import "../../../src/egress/install.ts";

import { runInEgress } from "../../../src/egress/current-context.ts";
import { egress, type EgressContext } from "../../../src/egress/guard.ts";
import { WAYS_OUT } from "./ways-out.ts";

type Try = {
  readonly way: string;
  /** The host that the way out leads to. */
  readonly host: string;
  /** The only host that the region allows; without it there is no region at all. */
  readonly allowed?: string;
};

/** Tries a way out under the guard, and answers what was written down of it. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { way, host, allowed } = (await request.json()) as Try;
    const refusals: string[] = [];
    const contacts: string[] = [];
    const context: EgressContext = {
      region: "eu",
      purpose: "leak",
      rules: allowed === undefined ? [] : [ruleOf(allowed)],
      development: true,
      followRedirects: 3,
      observe: {
        sending: (contact) => void contacts.push(contact.host),
        refused: (contact, reason) => void refusals.push(`${contact.host} ${reason}`),
        sent: () => undefined,
        received: () => undefined,
      },
    };
    const leak = async (): Promise<unknown> =>
      way === "a redirect"
        ? egress(context, new Request(`http://${allowed}/?to=http://${host}/`))
        : WAYS_OUT[way]?.(host);
    try {
      await (allowed === undefined ? leak() : runInEgress(context, leak));
      return Response.json({ refusals, contacts });
    } catch (error) {
      return Response.json({ refusals, contacts, error: String(error) });
    }
  },
};

function ruleOf(host: string): EgressContext["rules"][number] {
  const { hostname, port } = new URL(`http://${host}`);
  return { host: hostname, port: Number(port), level: "development" };
}
