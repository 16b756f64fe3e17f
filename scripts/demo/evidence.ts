import { readBucket } from "../../test/support/read-bucket.ts";
import type { HomeRegion } from "../../src/core/ids.ts";
import { HOME_REGIONS, homeOf, type ArchiveLocation } from "../../src/region/regions.ts";
import { HOME_CREDENTIALS, homeBucketName, LOCATIONS } from "../local-aws/options.ts";
import type { Stack } from "../stack/start-stack.ts";
import { deliveryHosts, type Sinks } from "./deliveries.ts";
import type { DemoHome } from "./homes.ts";

/** What stands in the buckets, read with AWS's own client. */
export type Evidence = {
  /** Lines of each home's source: the messageIds, in all buckets of that location. */
  readonly lines: readonly FoundLine[];
  readonly files: readonly { readonly location: ArchiveLocation; readonly key: string }[];
  /** Events that a destination refused for good. */
  readonly deadLetters: number;
  /**
   * Bytes that went anywhere but to a bucket of their home or to a host of a destination there;
   * `unknown` are those that name no source, no workspace and no user.
   */
  readonly outsideBytes: Readonly<Record<HomeRegion | "unknown", number>>;
};

export type FoundLine = {
  readonly location: ArchiveLocation;
  /** The source that the file's key names. */
  readonly sourceId: string;
  readonly messageId: string;
};

/** Archive files name their source, head files of the audit chain their workspace. */
const HOME_IN_KEY = /(?:segment-logs\/src|audit\/ws)_(eu|us)_[a-z0-9]+\//;

/** Reads every object of the four buckets that belongs to the demo's sources. */
export async function gatherEvidence(
  stack: Stack,
  homes: readonly DemoHome[],
  sinks: Sinks,
): Promise<Evidence> {
  const lines: FoundLine[] = [];
  const files: { location: ArchiveLocation; key: string }[] = [];
  let deadLetters = 0;
  for (const location of LOCATIONS) {
    for (const { sourceId } of homes) {
      const prefix = `segment-logs/${sourceId}/`;
      for (const file of await readBucket(
        accessTo(stack, location),
        homeBucketName(location),
        prefix,
      )) {
        if (file.key.includes("/dead-letters/")) {
          deadLetters += file.lines.length;
          continue;
        }
        files.push({ location, key: file.key });
        for (const line of file.lines as readonly { readonly messageId: string }[]) {
          lines.push({ location, sourceId, messageId: line.messageId });
        }
      }
    }
  }
  return { lines, files, deadLetters, outsideBytes: outsideBytes(stack, sinks) };
}

/** How to reach the platform's bucket at a location. */
export function accessTo(stack: Stack, location: ArchiveLocation) {
  return {
    endpoint: stack.aws.endpoints[location],
    location,
    credentials: HOME_CREDENTIALS[homeOf(location)],
  };
}

/**
 * Bytes the Worker sent to places where they do not belong, by the recorder that stands for the
 * whole internet: to a host that is no bucket, or to a bucket that is not of their home.
 */
function outsideBytes(stack: Stack, sinks: Sinks): Evidence["outsideBytes"] {
  const bytes = { ...sinks.outsideBytes, unknown: 0 };
  const destinations = [...deliveryHosts("eu"), ...deliveryHosts("us")];
  for (const call of stack.recorder.calls()) {
    if (destinations.includes(call.host)) continue;
    const named = HOME_IN_KEY.exec(decodeURIComponent(call.path))?.[1];
    const home = named === "eu" || named === "us" ? named : "unknown";
    const allowed = home === "unknown" ? [] : hostsOf(stack, home);
    if (!allowed.includes(call.host)) bytes[home] += Math.max(1, call.requestBytes);
  }
  return bytes;
}

function hostsOf(stack: Stack, home: HomeRegion): readonly string[] {
  return HOME_REGIONS[home].locations.map(
    (location) => new URL(stack.aws.endpoints[location]).host,
  );
}
