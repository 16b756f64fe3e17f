import { vi } from "vitest";

/** One request as a vendor's server saw it. */
export type Asked = {
  readonly host: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
};

/** Stands for the servers of all vendors, at the network. */
export class Vendor {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => Response | Promise<Response> = () => Response.json({ ok: true });

  constructor() {
    vi.stubGlobal("fetch", async (request: Request): Promise<Response> => {
      const { host, pathname } = new URL(request.url);
      const asked = { host, path: pathname, headers: request.headers, body: await request.text() };
      this.asked.push(asked);
      return this.answer(asked);
    });
  }

  /** The bodies that were sent, as JSON. */
  bodies(): readonly Readonly<Record<string, unknown>>[] {
    return this.asked.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  }
}
