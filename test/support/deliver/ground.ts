import type { Bucket } from "../../../src/s3/bucket.ts";
import type { DestinationGround } from "../../../src/deliver/destinations.ts";

/** A ground to make destinations on: an EU workspace on a developer's machine. */
export function groundOf(
  settings: Readonly<Record<string, unknown>>,
  over: Partial<DestinationGround> = {},
): DestinationGround {
  return {
    region: "eu",
    destinationId: "dst_eu_0123456789abcdef0123456789",
    sourceId: "src_eu_0123456789abcdefabcdefghjk",
    sourceName: "Web Shop",
    settings,
    mappings: [],
    declaredHosts: ["127.0.0.1"],
    development: true,
    observe: {
      sending: () => undefined,
      refused: () => undefined,
      sent: () => undefined,
      received: () => undefined,
    },
    bucket: {
      location: "eu-west-1",
      open: (): Bucket => {
        throw new Error("Cannot open a bucket: this ground has none");
      },
    },
    ...over,
  };
}
