import type { HomeRegion } from "../core/ids.ts";

/**
 * What a source may be. The libraries differ only in the snippet that is shown; the two cloud types
 * are Segment's pulled sources, which it offers in its US region only.
 */
export const SOURCE_TYPES = [
  "http-api",
  "javascript",
  "node",
  "python",
  "ruby",
  "php",
  "go",
  "java",
  "kotlin-server",
  "dotnet",
  "rust",
  "ios",
  "android",
  "swift",
  "kotlin",
  "react-native",
  "flutter",
  "unity",
  "roku",
  "pixel",
  "cloud-object",
  "cloud-event",
] as const;

export type SourceType = (typeof SOURCE_TYPES)[number];

/** What a source is when its maker does not say. */
export const SOURCE_TYPE_DEFAULT: SourceType = "http-api";

const US_ONLY: readonly SourceType[] = ["cloud-object", "cloud-event"];

/** Whether a workspace in `home` may have sources of that type. */
export function isTypeInRegion(type: SourceType, home: HomeRegion): boolean {
  return home === "us" || !US_ONLY.includes(type);
}

/** What is said of a type that `home` does not have, with what to take in its place. */
export function whyNotInRegion(type: SourceType, home: HomeRegion): string {
  return `Sources of type ${type} are not offered in ${home}: they pull from vendors outside of it. Take a sync from a warehouse in ${home} instead.`;
}
