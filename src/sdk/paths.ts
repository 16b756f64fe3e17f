/** What SDKs load before they send anything. */
export type SdkPath =
  | { readonly kind: "settings"; readonly writeKey: string }
  | { readonly kind: "bundle"; readonly writeKey: string }
  /** A further part of the bundle, or its licences; `asset` is where it is among the assets. */
  | { readonly kind: "part"; readonly asset: string }
  /** A path under these prefixes that we serve nothing at. */
  | { readonly kind: "unknown" };

/** `/v1` once, twice (mobile SDKs' hosts are set with and without it) or not at all. */
const SETTINGS = /^(?:\/v1){0,2}\/projects\/([^/]+)\/settings\/?$/;
const BUNDLE = /^\/analytics\.js\/v1\/([^/]+)\/(?:platform\/)?analytics(?:\.min)?\.js$/;
const PART = /^\/analytics-next\/(?:bundles\/[\w.-]+\.js|LICENSES\.txt)$/;
const PREFIX =
  /^(?:(?:\/v1){0,2}\/projects|\/analytics\.js|\/analytics-next|\/next-integrations)\//;

/** What a path of SDKs' documents names; `undefined` for a path that is none of them. */
export function sdkPathOf(pathname: string): SdkPath | undefined {
  if (!PREFIX.test(pathname)) return undefined;
  const settingsKey = SETTINGS.exec(pathname)?.[1];
  if (settingsKey !== undefined) return { kind: "settings", writeKey: settingsKey };
  const bundleKey = BUNDLE.exec(pathname)?.[1];
  if (bundleKey !== undefined) return { kind: "bundle", writeKey: bundleKey };
  return PART.test(pathname) ? { kind: "part", asset: pathname } : { kind: "unknown" };
}
