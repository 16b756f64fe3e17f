import type { Browser, Page } from "playwright-core";
import { expect, vi } from "vitest";
import { startShopSite, type ShopSiteOptions } from "./shop-site.ts";

/** A page under watch: every request it made since, by whichever part of it. */
export type Watched = {
  readonly page: Page;
  /** Resolves once the SDK has said that it cannot start, and has done what it does about it. */
  readonly failed: () => Promise<void>;
  /** Hosts that were asked, the page's own left out. */
  readonly hosts: () => readonly string[];
  /** Method and URL of the requests to hosts other than the page's. */
  readonly requests: () => readonly string[];
  readonly forget: () => void;
  readonly stop: () => Promise<void>;
};

export type VisitOptions = {
  readonly path?: string;
  /** Runs before the page is opened. */
  readonly prepare?: (page: Page) => Promise<unknown>;
};

/** Opens a site in a browser that has never seen it. */
export async function watchPage(
  browser: Browser,
  options: ShopSiteOptions,
  { path = "/", prepare }: VisitOptions = {},
): Promise<Watched> {
  const site = await startShopSite(options);
  const context = await browser.newContext();
  const page = await context.newPage();
  await prepare?.(page);
  let seen: { readonly method: string; readonly url: URL }[] = [];
  context.on("request", (request) => {
    seen.push({ method: request.method(), url: new URL(request.url()) });
  });
  const saidSo = new Promise<void>((resolve) => {
    page.on("console", (message) => {
      if (message.text().includes("Failed to load Analytics.js")) resolve();
    });
  });
  await page.goto(site.url + path);
  const outside = (): typeof seen => seen.filter(({ url }) => url.origin !== site.url);
  return {
    page,
    failed: async () => {
      await saidSo;
      // What the SDK does about it, it does in this turn; a request shows in the next.
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    },
    hosts: () => [...new Set(outside().map(({ url }) => url.host))],
    requests: () => outside().map(({ method, url }) => `${method} ${url.pathname}`),
    forget: () => void (seen = []),
    stop: async () => {
      await context.close();
      await site.stop();
    },
  };
}

const INITIALIZED = "Boolean(window.analytics && window.analytics.initialized)";
const INITIALIZED_MS_MAX = 30_000;

/**
 * Until the SDK has started. It is asked from here again and again: the page itself may not, under a
 * policy that forbids `eval`.
 */
export async function initialized(page: Page): Promise<void> {
  await vi.waitFor(async () => expect(await page.evaluate(INITIALIZED)).toBe(true), {
    timeout: INITIALIZED_MS_MAX,
  });
}
