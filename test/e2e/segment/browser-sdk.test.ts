import { existsSync } from "node:fs";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { startFlakyHost, type FlakyHost, type Step } from "../../support/flaky-host.ts";
import {
  duplicatesIn,
  openHomeport,
  type Homeport,
  type TestSource,
} from "../../support/homeport.ts";
import {
  startBrowserSite,
  type BrowserSite,
  type SiteOptions,
} from "../../support/sdks/browser-site.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => existsSync(path),
);
if (CHROMIUM === undefined) {
  console.warn("NOT TESTED: @segment/analytics-next in a browser, because there is no Chromium");
}

let stack: Stack;
let homeport: Homeport;
let browser: Browser;
const open: { readonly stop: () => Promise<void> }[] = [];

/** What a page calls on the SDK; each resolves when the SDK has sent it. */
const CALLS = [
  ["identify", "user-1", { plan: "pro" }],
  ["track", "Clicked", { n: 1.5, text: 'é 🙂 "' }],
  ["page", "Home", { section: "top" }],
  ["screen", "Main", {}],
  ["group", "group-1", { seats: 2 }],
  ["alias", "user-1", "before-1"],
] as const;

/** What those have to become. */
const LINES = [
  { type: "identify", userId: "user-1", traits: { plan: "pro" } },
  { type: "track", event: "Clicked", properties: { n: 1.5, text: 'é 🙂 "' } },
  { type: "page", name: "Home", properties: { section: "top", path: "/" } },
  { type: "screen", name: "Main" },
  { type: "group", groupId: "group-1", traits: { seats: 2 } },
  { type: "alias", userId: "user-1", previousId: "before-1" },
];

type Sdk = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

describe.skipIf(CHROMIUM === undefined)("@segment/analytics-next in Chromium", () => {
  beforeAll(async () => {
    stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
    homeport = openHomeport(stack);
    browser = await chromium.launch({
      ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }),
      args: ["--no-sandbox"],
    });
  });

  afterAll(async () => {
    await browser.close();
    await stack.stop();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.stop()));
  });

  const newSource = async (): Promise<TestSource> =>
    homeport.createSource(await homeport.createWorkspace("eu"));

  const flakyHost = async (steps: readonly Step[]): Promise<FlakyHost> => {
    const host = await startFlakyHost(homeport.hostOf("eu1"), steps);
    open.push(host);
    return host;
  };

  /** Opens the site in a browser that has never seen it. */
  const visit = async (options: SiteOptions): Promise<{ page: Page; site: BrowserSite }> => {
    const site = await startBrowserSite(options);
    open.push(site);
    const page = await (await browser.newContext()).newPage();
    await page.goto(site.url);
    await page.waitForFunction("window.analytics.initialized === true");
    return { page, site };
  };

  const apiHostOf = (url: string): string => `${new URL(url).host}/v1`;

  const makeCalls = (page: Page): Promise<void> =>
    page.evaluate(async (calls) => {
      const { analytics } = globalThis as unknown as { readonly analytics: Sdk };
      for (const [name, ...args] of calls) await analytics[name]?.(...args);
    }, CALLS);

  it("every call type arrives in the eu home bucket, and no other host is asked", async () => {
    const source = await newSource();
    const apiHost = apiHostOf(homeport.hostOf("eu1"));
    const site = await startBrowserSite({ writeKey: source.writeKey, apiHost });
    open.push(site);
    const page = await (await browser.newContext()).newPage();
    const hosts = new Set<string>();
    page.on("request", (request) => void hosts.add(new URL(request.url()).host));

    await page.goto(site.url);
    await page.waitForFunction("window.analytics.initialized === true");
    await makeCalls(page);

    const events = await homeport.settledEvents(source);
    expect(events).toHaveLength(LINES.length);
    expect(events).toEqual(
      expect.arrayContaining(LINES.map((line) => expect.objectContaining(nested(line)))),
    );
    expect([...hosts]).toEqual([new URL(site.url).host, new URL(homeport.hostOf("eu1")).host]);
  });

  it("fills in what only a browser knows", async () => {
    const source = await newSource();
    const apiHost = apiHostOf(homeport.hostOf("eu1"));
    const { page, site } = await visit({ writeKey: source.writeKey, apiHost });

    await makeCalls(page);

    const [event] = await homeport.settledEvents(source);
    expect(event).toMatchObject({
      channel: "client",
      anonymousId: expect.any(String),
      context: { page: { path: "/", title: "Shop", url: `${site.url}/` } },
    });
    expect(event).not.toHaveProperty("writeKey");
  });

  it("in batches, with a page that is left before the last is full: nothing is lost", async () => {
    const source = await newSource();
    const { page } = await visit({
      writeKey: source.writeKey,
      apiHost: apiHostOf(homeport.hostOf("eu1")),
      integration: { deliveryStrategy: { strategy: "batching", config: { size: 10 } } },
    });

    let answered = 0;
    page.on("response", (response) => {
      if (response.request().method() === "POST") answered += 1;
    });
    await page.evaluate(() => {
      const { analytics } = globalThis as unknown as { readonly analytics: Sdk };
      for (let n = 0; n < 25; n++) void analytics["track"]?.("Counted", { n });
    });
    // A browser cuts off what is under way when a page is left; the rest is the SDK's last flush.
    await expect.poll(() => answered, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    await page.goto("about:blank");

    const events = await homeport.waitForEvents(source, 25);
    expect(events).toHaveLength(25);
    expect(duplicatesIn(events)).toEqual([]);
  });

  it.each([
    ["503", { status: 503, retryAfter: "1" }],
    ["429", { status: 429, retryAfter: "1" }],
    ["an answer that was lost", "lose-answer"],
  ] as const)("sends again after %s: nothing is lost, nothing stands twice", async (_, step) => {
    const source = await newSource();
    const host = await flakyHost([step]);
    const { page } = await visit({ writeKey: source.writeKey, apiHost: apiHostOf(host.url) });

    await makeCalls(page);

    const events = await homeport.waitForEvents(source, LINES.length);
    expect(host.seen()[0]?.step).toEqual(step);
    expect(host.seen().length).toBeGreaterThan(LINES.length);
    expect(duplicatesIn(events)).toEqual([]);
    expect(events).toHaveLength(LINES.length);
  });
});

/** The SDK adds to properties and traits, so that ours are looked for inside them. */
function nested(line: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(line).map(([name, value]) => [
      name,
      typeof value === "object" ? expect.objectContaining({ ...value }) : value,
    ]),
  );
}
