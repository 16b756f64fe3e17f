import type { OwnBucket } from "../../region/own-bucket.ts";
import type { S3Endpoint } from "../../region/s3-endpoints.ts";
import { ENDPOINT_TRAITS } from "./endpoint-kinds.ts";
import { foldersOf } from "./policies.ts";

/** Stand for the customer's keys in what setup answers; they pass for keys, and open nothing. */
export const KEYS_TO_FILL_IN = {
  kind: "keys",
  accessKeyId: "YOUR_ACCESS_KEY_ID",
  secretAccessKey: "YOUR_SECRET_ACCESS_KEY",
} as const;

/** What a customer does at an endpoint outside AWS, in order. */
export function stepsAtEndpoint(own: OwnBucket, endpoint: S3Endpoint): readonly string[] {
  const { region, kind } = endpoint;
  const { bucket } = own;
  const folders = foldersOf(own);
  const files = folders.map((folder) => `${bucket}/${folder}*`);
  return ENDPOINT_TRAITS[kind].steps.map((step) =>
    step
      .replaceAll("{bucket}", bucket)
      .replaceAll("{region}", region)
      .replaceAll("{files}", files.join(" and "))
      .replaceAll("{folders}", folders.join(" and ")),
  );
}

/** The bucket for Terraform, where its maker has a provider that knows jurisdictions. */
export function endpointTerraform({ bucket }: OwnBucket, endpoint: S3Endpoint): string | undefined {
  if (endpoint.kind !== "r2") return undefined;
  const [account = ""] = endpoint.host.split(".");
  return `resource "cloudflare_r2_bucket" "homeport" {
  account_id   = ${JSON.stringify(account)}
  name         = ${JSON.stringify(bucket)}
  jurisdiction = ${JSON.stringify(endpoint.region)}
}
`;
}
