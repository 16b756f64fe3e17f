import { handleSdk } from "../../../src/sdk/routes.ts";
import { TestTracking, EU_HOST, type TestOptions } from "../tracking.ts";

/** The bundle's places for what only a request knows. */
export const BUNDLE =
  'key="__WRITE_KEY__";origin="__HOMEPORT_ORIGIN__";api="__HOMEPORT_API_HOST__"';
export const PART = "/analytics-next/bundles/one.bundle.0f.js";

export type Asked = TestOptions & {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly assets?: Readonly<Record<string, string>>;
};

const ASSETS = { "/analytics-next/analytics.min.js": BUNDLE, [PART]: "part()" };

/** The answer to an SDK that loads, and how often a Workspace was asked for it. */
export async function askSdk(path: string, options: Asked = {}) {
  const { url = `https://${EU_HOST}`, method = "GET", headers = {}, assets = ASSETS } = options;
  const tracking = new TestTracking(options);
  const services = {
    ...tracking.services,
    asset: async (name: string) => (assets as Record<string, string>)[name],
  };
  const request = new Request(url + path, { method, headers });
  const response = await handleSdk(request as never, services);
  if (response === undefined) throw new Error(`Cannot find ${path}: no path of SDKs`);
  return {
    response: response as unknown as Response,
    lookups: tracking.lookups,
    noted: tracking.noted,
    appends: tracking.appends,
  };
}

export const settingsPath = (key: string): string => `/v1/projects/${key}/settings`;
export const bundlePath = (key: string): string => `/analytics.js/v1/${key}/analytics.min.js`;
