import type { Scheme } from "./regional-host.ts";

/**
 * The settings document of a source as Segment's SDKs read it. `apiHost` and `metrics` are what
 * keeps data in the region: without the first, SDKs send events to Segment's US host, and without
 * the second, measurements of themselves. It holds no personal data.
 */
export type SettingsDocument = Readonly<Record<string, unknown>>;

/** Segment's version of its own plug-in; old mobile SDKs look for the member. */
const PLUGIN_VERSION = "4.4.7";

/**
 * @param writeKey The key that was asked for: the browser's SDK sends by this one, not by its own.
 * @param host The regional host, with its port.
 */
export function settingsDocument(writeKey: string, host: string, scheme: Scheme): SettingsDocument {
  const apiHost = `${host}/v1`;
  return {
    integrations: {
      "Segment.io": {
        apiKey: writeKey,
        apiHost,
        // SDKs use https unless told otherwise; only a stack on one's own machine has no certificate.
        ...(scheme === "http" ? { protocol: "http" } : {}),
        addBundledMetadata: true,
        unbundledIntegrations: [],
        maybeBundledConfigIds: {},
        versionSettings: { version: PLUGIN_VERSION, componentTypes: ["browser"] },
      },
    },
    plan: {
      track: { __default: { enabled: true, integrations: {} } },
      identify: { __default: { enabled: true } },
      group: { __default: { enabled: true } },
    },
    edgeFunction: {},
    analyticsNextEnabled: true,
    middlewareSettings: {},
    enabledMiddleware: {},
    metrics: { sampleRate: 0, host: apiHost },
    legacyVideoPluginsEnabled: false,
    remotePlugins: [],
  };
}
