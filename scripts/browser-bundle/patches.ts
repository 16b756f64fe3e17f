import { BUNDLE_PLACEHOLDERS } from "../../src/sdk/browser-bundle.ts";

/** One text of the stock bundle that sends a page elsewhere, and what takes its place. */
export type Patch = {
  /** What the stock bundle does there. */
  readonly what: string;
  readonly from: string;
  readonly to: string;
};

const { origin, apiHost } = BUNDLE_PLACEHOLDERS;

/** Every place of `standalone.js` of @segment/analytics-next that names or finds another host. */
export const STANDALONE_PATCHES: readonly Patch[] = [
  {
    what: "takes its CDN from whichever script of the page has Segment's path, else Segment's own",
    from: 'var ve=(0,e.I2)();(0,e.qQ)(ve),a.p=ve?ve+"/analytics-next/bundles/":"https://cdn.segment.com/analytics-next/bundles/"',
    to: `(0,e.qQ)("${origin}"),a.p="${origin}/analytics-next/bundles/"`,
  },
  {
    what: "falls back to Segment's CDN for settings",
    from: 'return o||"https://cdn.segment.com"',
    to: `return o||"${origin}"`,
  },
  {
    what: "falls back to Segment's US host for events and for measurements of itself",
    from: 'var r="api.segment.io/v1"',
    to: `var r="${apiHost}"`,
  },
  {
    what: "sends measurements of itself when starting failed, before settings could forbid it",
    from: "this.sampleRate=null!==(n=null==t?void 0:t.sampleRate)&&void 0!==n?n:1",
    to: "this.sampleRate=null!==(n=null==t?void 0:t.sampleRate)&&void 0!==n?n:0",
  },
  {
    what: "loads the old SDK when a content security policy forbids this one",
    from: '"report"!==t.disposition&&t.blockedURI.includes("cdn.segment")',
    to: "!1",
  },
  {
    what: "loads the old SDK from Segment's CDN",
    from: '"https://cdn.segment.com/analytics.js/v1/".concat(r,"/analytics.classic.js")',
    to: `"${origin}/analytics.js/v1/".concat(r,"/analytics.classic.js")`,
  },
  {
    what: "decides that a browser is too old to do without code from cdnjs",
    from: "return e||void 0!==t[i]&&t[i]>=parseInt(o)}()",
    to: "return!1}()",
  },
  {
    what: "loads that code",
    from: "https://cdnjs.cloudflare.com/ajax/libs/babel-polyfill/7.7.0/polyfill.min.js",
    to: "",
  },
  {
    what: "points to Segment's advice on content security policies",
    from: '"https://segment.com/docs/connections/sources/catalog/libraries/website/javascript/upgrade-to-ajs2/#using-a-strict-content-security-policy-on-the-page"',
    to: '""',
  },
];

/**
 * Replaces every text of the list.
 *
 * @throws Error when one is not there exactly once: the package is another one than was studied, and
 * nobody knows where its bundle would load from.
 */
export function applyPatches(file: string, text: string, patches: readonly Patch[]): string {
  return patches.reduce((patched, { what, from, to }) => {
    const found = patched.split(from).length - 1;
    if (found !== 1) {
      throw new Error(
        `Cannot build the browser bundle: ${file} holds the text that ${what} ${found} times, wanted once. Study the new version of @segment/analytics-next and adapt scripts/browser-bundle/patches.ts`,
      );
    }
    return patched.replace(from, () => to);
  }, text);
}

/** Names of hosts that stand in texts and are never asked. */
const HARMLESS_HOSTS = new Set([
  // The namespace of links in SVG images.
  "www.w3.org",
]);

/** A pattern that a plug-in's URL is compared with; settings of ours name no plug-in. */
const HARMLESS_TEXTS = ['new RegExp("https://cdn.segment.(com|build)")'];

/** Hosts that a file still names, besides those that are only named. */
export function foreignHosts(text: string): readonly string[] {
  const rest = HARMLESS_TEXTS.reduce((left, harmless) => left.replaceAll(harmless, ""), text);
  const urls = Array.from(rest.matchAll(/https?:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi));
  const bare = Array.from(rest.matchAll(/\b((?:[a-z0-9-]+\.)+segment\.(?:com|io|build))\b/gi));
  const hosts = [...urls, ...bare].map(([, host = ""]) => host.toLowerCase());
  return [...new Set(hosts)].filter((host) => !HARMLESS_HOSTS.has(host));
}
