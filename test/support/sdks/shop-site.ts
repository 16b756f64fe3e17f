import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A customer's site: one page, and files of its own beside it. */
export type ShopSite = {
  readonly url: string;
  readonly stop: () => Promise<void>;
};

export type ShopSiteOptions = {
  /** What stands in the page. */
  readonly html: string;
  /** Scripts by path. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** The page's content security policy. */
  readonly policy?: string;
};

export async function startShopSite(options: ShopSiteOptions): Promise<ShopSite> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://site");
    const script = options.scripts?.[pathname];
    if (script !== undefined) {
      response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    } else if (pathname === "/") {
      const policy = options.policy;
      response.writeHead(200, {
        "content-type": "text/html; charset=utf-8",
        ...(policy === undefined ? {} : { "content-security-policy": policy }),
      });
      response.end(`<!doctype html><html><head><title>Shop</title>${options.html}</head></html>`);
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
