import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { openHomeport, type Homeport, type TestSource } from "../../support/homeport.ts";
import type { ShopSiteOptions } from "../../support/sdks/shop-site.ts";
import {
  initialized,
  watchPage,
  type VisitOptions,
  type Watched,
} from "../../support/sdks/watch-page.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => existsSync(path),
);
if (CHROMIUM === undefined) {
  console.warn("NOT TESTED: our own browser bundle in a browser, because there is no Chromium");
}

const STOCK_BUNDLE = new URL(
  "../../../node_modules/@segment/analytics-next/dist/umd/standalone.js",
  import.meta.url,
);
/** No other name means anything to the browser, so that what it asks for elsewhere goes nowhere. */
const ONLY_THIS_MACHINE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost";
/** Longer than Workers may use a route that they know. */
const ROUTE_MS = 15_000;

let stack: Stack;
let homeport: Homeport;
let browser: Browser;
const open: { readonly stop: () => Promise<void> }[] = [];

describe.skipIf(CHROMIUM === undefined)("our own browser bundle in Chromium", () => {
  beforeAll(async () => {
    stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
    homeport = openHomeport(stack);
    browser = await chromium.launch({
      ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }),
      args: ["--no-sandbox", `--host-resolver-rules=${ONLY_THIS_MACHINE}`],
    });
  });

  afterAll(async () => {
    await browser.close();
    await stack.stop();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.stop()));
  });

  const newSource = async (region: "eu" | "us" = "eu"): Promise<TestSource> =>
    homeport.createSource(await homeport.createWorkspace(region));

  const EU_HOST = (): string => new URL(homeport.hostOf("eu1")).host;

  /** The code between the tags of the snippet that the management API gives. */
  const loaderOf = async ({ id, workspace }: TestSource): Promise<string> => {
    const { body } = await homeport.api(workspace.token, "GET", `/api/v1/sources/${id}/snippets`);
    const snippets = body["snippets"] as readonly { sdk: string; code: string }[];
    const { code = "" } = snippets.find(({ sdk }) => sdk === "browser") ?? {};
    return code.replace(/^<script>|<\/script>\s*$/g, "");
  };

  /** Opens the site in a browser that has never seen it. */
  const visit = async (site: ShopSiteOptions, options: VisitOptions = {}): Promise<Watched> => {
    const watched = await watchPage(browser, site, options);
    open.push(watched);
    return watched;
  };

  /** As an ad blocker does. */
  const withoutSettings = (page: Page): Promise<unknown> =>
    page.route("**/settings", (route) => route.abort());

  const track = (page: Page, event: string): Promise<void> =>
    page.evaluate(async (name) => {
      const { analytics } = globalThis as unknown as {
        readonly analytics: { track(event: string): Promise<unknown> };
      };
      await analytics.track(name);
    }, event);

  it("asks one host, for everything, with only a write key in the snippet", async () => {
    const source = await newSource();
    const watched = await visit({ html: `<script>${await loaderOf(source)}</script>` });

    await initialized(watched.page);
    await track(watched.page, "Bought");
    const events = await homeport.waitForEvents(source, 2);

    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["page", "track"]));
    expect(watched.hosts()).toEqual([EU_HOST()]);
    expect(new Set(watched.requests())).toEqual(
      new Set([
        `GET /analytics.js/v1/${source.writeKey}/analytics.min.js`,
        `GET /v1/projects/${source.writeKey}/settings`,
        "POST /v1/p",
        "POST /v1/t",
      ]),
    );
  });

  it("needs no snippet: the key is in the bundle", async () => {
    const source = await newSource();
    const src = `${homeport.hostOf("eu1")}/analytics.js/v1/${source.writeKey}/analytics.min.js`;
    const watched = await visit({ html: `<script src="${src}"></script>` });

    await initialized(watched.page);
    await track(watched.page, "Bought");

    expect(await homeport.waitForEvents(source, 1)).toHaveLength(1);
    expect(watched.hosts()).toEqual([EU_HOST()]);
  });

  it("is not led astray by another script of the page that has Segment's path", async () => {
    const source = await newSource();
    const other =
      '<script src="https://cdn.example.com/analytics.js/v1/x/analytics.min.js"></script>';
    const watched = await visit({ html: `<script>${await loaderOf(source)}</script>${other}` });

    await initialized(watched.page);

    expect(watched.hosts().toSorted()).toEqual(["cdn.example.com", EU_HOST()]);
    expect(watched.requests()).toContain(`GET /v1/projects/${source.writeKey}/settings`);
  });

  it("loads its further parts from the same host", async () => {
    const source = await newSource();
    const html = `<script>${await loaderOf(source)}</script>`;
    const watched = await visit({ html }, { path: "/?ajs_uid=user-77&ajs_event=Came" });

    await initialized(watched.page);

    const events = await homeport.waitForEvents(source, 3);
    expect(events).toContainEqual(expect.objectContaining({ type: "identify", userId: "user-77" }));
    expect(watched.hosts()).toEqual([EU_HOST()]);
    expect(watched.requests()).toContainEqual(
      expect.stringMatching(/^GET \/analytics-next\/bundles\/queryString\.bundle\.\w+\.js$/),
    );
  });

  it("works under a policy that forbids inline scripts and all other hosts", async () => {
    const source = await newSource();
    const host = homeport.hostOf("eu1");
    const watched = await visit({
      html: '<script src="/loader.js"></script>',
      scripts: { "/loader.js": await loaderOf(source) },
      policy: `default-src 'none'; script-src 'self' ${host}; connect-src ${host}`,
    });

    await initialized(watched.page);
    await track(watched.page, "Bought");

    expect(await homeport.waitForEvents(source, 2)).toHaveLength(2);
    expect(watched.hosts()).toEqual([EU_HOST()]);
  });

  it("asks nobody else when the policy forbids our host", async () => {
    const source = await newSource();
    const host = homeport.hostOf("eu1");
    const watched = await visit({
      html: '<script src="/loader.js"></script>',
      scripts: { "/loader.js": await loaderOf(source) },
      policy: `default-src 'none'; script-src 'self' ${host}; connect-src 'self'`,
    });

    await watched.failed();

    expect(watched.hosts()).toEqual([EU_HOST()]);
  });

  it("asks nobody else when its settings are blocked", async () => {
    const source = await newSource();
    const html = `<script>${await loaderOf(source)}</script>`;
    const watched = await visit({ html }, { prepare: withoutSettings });

    await watched.failed();

    expect(watched.hosts()).toEqual([EU_HOST()]);
    expect(watched.requests()).not.toContain("POST /v1/m");
  });

  it("does not load the SDK before it when the policy blocks something of Segment's", async () => {
    const source = await newSource();
    const host = homeport.hostOf("eu1");
    const watched = await visit({
      html: '<script src="/loader.js"></script>',
      scripts: { "/loader.js": await loaderOf(source) },
      policy: `default-src 'none'; script-src 'self' ${host}; connect-src ${host}`,
    });
    await initialized(watched.page);

    await watched.page.evaluate(async () => {
      const blocked = new Promise((resolve) => {
        document.addEventListener("securitypolicyviolation", resolve, { once: true });
      });
      new Image().src = "https://cdn.segment.com/pixel.png";
      await blocked;
      await new Promise((resolve) => setTimeout(resolve));
    });

    expect(watched.requests().filter((request) => request.includes("classic"))).toEqual([]);
  });

  it("is what keeps it so: the stock bundle asks Segment's hosts at the same place", async () => {
    const source = await newSource();
    const stock = await readFile(STOCK_BUNDLE, "utf8");
    const html = `<script>${await loaderOf(source)}</script>`;
    const watched = await visit(
      { html },
      {
        prepare: (page) =>
          page.route("**/analytics.min.js", (route) =>
            route.fulfill({ contentType: "text/javascript", body: stock }),
          ),
      },
    );

    await watched.failed();

    expect(watched.hosts()).toEqual(expect.arrayContaining(["api.segment.io", "cdn.segment.com"]));
  });

  it("is not given to a key of another region, and the source shows that", async () => {
    const source = await newSource("eu");
    const us = homeport.hostOf("us1");
    const src = `${us}/analytics.js/v1/${source.writeKey}/analytics.min.js`;
    const watched = await visit({ html: `<script src="${src}"></script>` });

    expect(await watched.page.evaluate("window.analytics")).toBeUndefined();
    expect(watched.hosts()).toEqual([new URL(us).host]);
    expect(await homeport.counters(source)).toMatchObject({ "noted sdk_refused_wrong_region": 1 });
  });

  it("goes to the new host after the source's ingest region was changed and the page loaded again", async () => {
    const source = await newSource("us");
    const watched = await visit({ html: `<script>${await loaderOf(source)}</script>` });
    await initialized(watched.page);
    await track(watched.page, "Before");
    expect(watched.hosts()).toEqual([new URL(homeport.hostOf("us1")).host]);

    const changed = await homeport.api(
      source.workspace.token,
      "PATCH",
      `/api/v1/sources/${source.id}`,
      { ingestRegion: "eu1" },
    );
    expect(changed.status).toBe(200);
    const settings = `${homeport.hostOf("us1")}/v1/projects/${source.writeKey}/settings`;
    await expect
      .poll(async () => (await fetch(settings)).text(), { timeout: ROUTE_MS, interval: 200 })
      .toContain(`"apiHost":"${EU_HOST()}/v1"`);
    watched.forget();
    await watched.page.reload();
    await initialized(watched.page);
    await track(watched.page, "After");

    const events = await homeport.waitForEvents(source, 4);
    const names = events.flatMap(({ event }) => (event === undefined ? [] : [event]));
    expect(new Set(names)).toEqual(new Set(["Before", "After"]));
    const elsewhere = watched.requests().filter((request) => !request.includes("/analytics.js/"));
    expect(elsewhere).toContain("POST /v1/t");
    expect(watched.hosts()).toEqual([new URL(homeport.hostOf("us1")).host, EU_HOST()]);
  });
});
