import { INGEST_REGION_NAMES } from "../../src/region/regions.ts";
import {
  credentialsAt,
  homeBucketName,
  LOCATIONS,
  type LocalAwsAddresses,
} from "../local-aws/options.ts";
import { DEV_HOSTS, DEV_OPERATOR_TOKEN } from "./dev-settings.ts";

/** What a developer needs to use the stack on `port`, as lines to print. */
export function readyBlock(port: number, stateDir: string, aws: LocalAwsAddresses): string {
  const hosts = INGEST_REGION_NAMES.map(
    (region) => `    ${region.padEnd(12)}  http://${DEV_HOSTS[region]}:${port}`,
  );
  const buckets = LOCATIONS.map((location) => {
    const { accessKeyId, secretAccessKey } = credentialsAt(location);
    const url = `${aws.endpoints[location]}/${homeBucketName(location)}`;
    return `    ${location.padEnd(12)}  ${url.padEnd(46)}  ${accessKeyId}  ${secretAccessKey}`;
  });
  return [
    "Homeport is ready (development only: jurisdictions are simulated)",
    "",
    `  URL             http://localhost:${port}`,
    `  operator token  ${DEV_OPERATOR_TOKEN}`,
    `  state           ${stateDir}`,
    "  tracking hosts",
    ...hosts,
    "  buckets (local AWS, not AWS), access key id, secret access key",
    ...buckets,
    "",
    "  Stop with Ctrl-C.",
  ].join("\n");
}
