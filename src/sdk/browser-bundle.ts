/**
 * What stands in the built bundle in the place of values that only a request knows. The build puts
 * the second and the third in; the first is the package's own.
 */
export const BUNDLE_PLACEHOLDERS = {
  writeKey: "__WRITE_KEY__",
  /** Scheme and host that settings and further parts are loaded from. */
  origin: "__HOMEPORT_ORIGIN__",
  /** Host and `/v1`, where events go when the settings cannot be had. */
  apiHost: "__HOMEPORT_API_HOST__",
} as const;

/** Where the built files are among the assets. */
export const BUNDLE_ASSETS = {
  script: "/analytics-next/analytics.min.js",
  parts: "/analytics-next/bundles/",
  licences: "/analytics-next/LICENSES.txt",
} as const;

export type BundleValues = Readonly<Record<keyof typeof BUNDLE_PLACEHOLDERS, string>>;

/** Characters of keys, hosts and origins; none of them ends a string of JavaScript. */
const HARMLESS = /^[A-Za-z0-9_.:/[\]-]*$/;

/**
 * The script with the values in it.
 *
 * @throws TypeError for a value that could be more than text in a script: they were checked before.
 */
export function fillBundle(template: string, values: BundleValues): string {
  const names = Object.keys(BUNDLE_PLACEHOLDERS) as (keyof BundleValues)[];
  return names.reduce((script, name) => {
    const value = values[name];
    if (!HARMLESS.test(value)) {
      throw new TypeError(
        `Cannot fill the browser bundle: ${name} has other characters than wanted`,
      );
    }
    return script.replaceAll(BUNDLE_PLACEHOLDERS[name], value);
  }, template);
}
