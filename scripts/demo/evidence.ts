import { readBucket } from "../../test/support/read-bucket.ts";
import type { HomeRegion } from "../../src/core/ids.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../../src/region/regions.ts";
import type { OutboundCall } from "../stack/recorder.ts";
import type { Stack } from "../stack/start-stack.ts";
import type { DemoBucket } from "./buckets.ts";
import { deliveryHosts, type Sinks } from "./deliveries.ts";
import type { DemoHome } from "./homes.ts";

/** What stands in the buckets, read with AWS's own client. */
export type Evidence = {
  /** Lines of each home's source, in all buckets. */
  readonly lines: readonly FoundLine[];
  readonly files: readonly FoundFile[];
  /** Events that a destination refused for good. */
  readonly deadLetters: number;
  /**
   * Bytes that went anywhere but to a bucket of their home or to a host of a destination there;
   * `unknown` are those that name no source, no workspace and no user.
   */
  readonly outsideBytes: Readonly<Record<HomeRegion | "unknown", number>>;
};

export type FoundFile = {
  readonly location: ArchiveLocation;
  readonly bucket: string;
  readonly key: string;
};

export type FoundLine = FoundFile & {
  /** The source that the file's key names. */
  readonly sourceId: string;
  readonly messageId: string;
  /** As it stands in the file. */
  readonly text: string;
};

/** Whatever we write names its source, its workspace or its sync as a folder, and so does what we list. */
const HOME_IN_KEY = /\/(?:src|ws|syn)_(eu|us)_[a-z0-9]+\//;

/** What the demo may see of the world outside the Worker. */
export type Ground = {
  readonly stack: Stack;
  readonly homes: readonly DemoHome[];
  readonly sinks: Sinks;
  readonly buckets: readonly DemoBucket[];
  /** The customer's own one among them, of the workspace in `eu`. */
  readonly own?: DemoBucket;
};

/** Reads every object of the buckets that belongs to the demo's sources. */
export async function gatherEvidence(ground: Ground): Promise<Evidence> {
  const lines: FoundLine[] = [];
  const files: FoundFile[] = [];
  let deadLetters = 0;
  for (const { name, location, access } of ground.buckets) {
    for (const { sourceId } of ground.homes) {
      for (const file of await readBucket(access, name, `segment-logs/${sourceId}/`)) {
        if (file.key.includes("/dead-letters/")) {
          deadLetters += file.lines.length;
          continue;
        }
        const found = { location, bucket: name, key: file.key };
        files.push(found);
        for (const text of file.text.split("\n").filter((line) => line !== "")) {
          const { messageId } = JSON.parse(text) as { readonly messageId: string };
          lines.push({ ...found, sourceId, messageId, text });
        }
      }
    }
  }
  return { lines, files, deadLetters, outsideBytes: outsideBytes(ground) };
}

/**
 * Bytes the Worker sent to places where they do not belong, by the recorder that stands for the
 * whole internet: to a host that is no bucket, or to a bucket that is not of their home.
 */
export function outsideBytes(ground: Ground): Evidence["outsideBytes"] {
  const bytes = { ...ground.sinks.outsideBytes, unknown: 0 };
  const destinations = [...deliveryHosts("eu"), ...deliveryHosts("us")];
  for (const call of ground.stack.recorder.calls()) {
    if (destinations.includes(call.host)) continue;
    const home = homeOfCall(ground, call);
    const allowed = home === "unknown" ? [] : hostsOf(ground.stack, home);
    if (!allowed.includes(call.host)) bytes[home] += Math.max(1, call.requestBytes);
  }
  return bytes;
}

/** Whose call it is: by the key or the prefix it names; what is asked of the customer's bucket, and of STS, is of `eu`. */
function homeOfCall(
  { own }: Ground,
  { path, query, method }: OutboundCall,
): HomeRegion | "unknown" {
  const named = HOME_IN_KEY.exec(decodeURIComponent(path + query))?.[1];
  if (named === "eu" || named === "us") return named;
  if (own === undefined) return "unknown";
  const isOfBucket = path === `/${own.name}` || path.startsWith(`/${own.name}/`);
  return isOfBucket || (method === "POST" && path === "/") ? "eu" : "unknown";
}

function hostsOf(stack: Stack, home: HomeRegion): readonly string[] {
  return HOME_REGIONS[home].locations.map(
    (location) => new URL(stack.aws.endpoints[location]).host,
  );
}
