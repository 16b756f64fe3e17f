import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A site with Segment's stock browser bundle, served by itself instead of Segment's CDN. */
export type BrowserSite = {
  readonly url: string;
  readonly stop: () => Promise<void>;
};

export type SiteOptions = {
  readonly writeKey: string;
  /** Host, port and path, without scheme, as `integrations["Segment.io"].apiHost` wants it. */
  readonly apiHost: string;
  /** More of the load options of the Segment.io integration. */
  readonly integration?: Readonly<Record<string, unknown>>;
};

const BUNDLES = fileURLToPath(
  new URL("../../../node_modules/@segment/analytics-next/dist/umd", import.meta.url),
);

/** Serves the page, the bundle with the key inside, its chunks, and the source's settings. */
export async function startBrowserSite(options: SiteOptions): Promise<BrowserSite> {
  const { writeKey } = options;
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname } = new URL(request.url ?? "/", "http://site");
      const [type, body] = await serve(pathname, options, writeKey);
      response.writeHead(body === undefined ? 404 : 200, { "content-type": type }).end(body);
    })();
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

async function serve(
  pathname: string,
  options: SiteOptions,
  writeKey: string,
): Promise<readonly [type: string, body: string | undefined]> {
  if (pathname === "/") return ["text/html; charset=utf-8", pageHtml(options)];
  if (pathname === `/v1/projects/${writeKey}/settings`) {
    return ["application/json", JSON.stringify(settingsOf(options))];
  }
  if (pathname === `/analytics.js/v1/${writeKey}/analytics.min.js`) {
    const bundle = await bundleFile("standalone.js");
    return ["text/javascript", bundle?.replace("__WRITE_KEY__", writeKey)];
  }
  if (pathname.startsWith("/analytics-next/bundles/")) {
    return ["text/javascript", await bundleFile(basename(pathname))];
  }
  return ["text/plain", undefined];
}

function bundleFile(name: string): Promise<string | undefined> {
  return readFile(join(BUNDLES, name), "utf8").catch(() => undefined);
}

/** What Segment's snippet leaves on the page before the bundle has come. */
function pageHtml({ writeKey, apiHost, integration }: SiteOptions): string {
  const loadOptions = {
    integrations: { "Segment.io": { apiHost, protocol: "http", ...integration } },
  };
  return `<!doctype html><title>Shop</title>
<script>
  window.analytics = [];
  window.analytics._writeKey = ${JSON.stringify(writeKey)};
  window.analytics._cdn = location.origin;
  window.analytics._loadOptions = ${JSON.stringify(loadOptions)};
</script>
<script src="/analytics.js/v1/${writeKey}/analytics.min.js"></script>`;
}

/** The settings of a regional source: its host, and no measurements of the SDK itself. */
function settingsOf({ writeKey, apiHost }: SiteOptions): unknown {
  return {
    integrations: { "Segment.io": { apiKey: writeKey, apiHost, unbundledIntegrations: [] } },
    plan: { track: { __default: { enabled: true, integrations: {} } } },
    metrics: { sampleRate: 0, host: apiHost },
    middlewareSettings: {},
    enabledMiddleware: {},
    remotePlugins: [],
  };
}
