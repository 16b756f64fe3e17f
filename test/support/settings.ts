import { parseConfig, type Vars } from "../../src/config.ts";

/** 32 bytes, base64. */
export const SECRET = Buffer.alloc(32, 7).toString("base64");

/** Vars and secrets of a deployment that is complete. */
export const PRODUCTION: Vars = {
  ENVIRONMENT: "production",
  JURISDICTIONS: "enforced",
  HOSTS: "events.eu1.example.com=eu1, events.example.com=us1",
  WRITE_KEY_SECRETS_EU: `2:${SECRET},1:${SECRET}`,
  WRITE_KEY_SECRETS_US: `1:${SECRET}`,
  SEALING_KEYS_EU: `2:${SECRET},1:${SECRET}`,
  SEALING_KEYS_US: `1:${SECRET}`,
  OPERATOR_TOKEN: "0123456789abcdef0123456789abcdef",
  S3_ACCESS_KEY_ID_EU: "AKIAEU",
  S3_SECRET_ACCESS_KEY_EU: "eu-secret",
  S3_ACCESS_KEY_ID_US: "AKIAUS",
  S3_SECRET_ACCESS_KEY_US: "us-secret",
  BUCKET_US_WEST_2: "https://s3.us-west-2.amazonaws.com/homeport-us-west-2",
  BUCKET_US_EAST_1: "https://s3.us-east-1.amazonaws.com/homeport-us-east-1",
  BUCKET_EU_WEST_1: "https://s3.eu-west-1.amazonaws.com/homeport-eu-west-1",
  BUCKET_EU_CENTRAL_1: "https://s3.eu-central-1.amazonaws.com/homeport-eu-central-1",
};

/** The problems that parseConfig() lists for production with these changes. */
export function problemsOf(changes: Vars): readonly string[] {
  try {
    parseConfig({ ...PRODUCTION, ...changes });
    return [];
  } catch (error) {
    return error instanceof Error ? error.message.split("\n- ").slice(1) : ["not an Error"];
  }
}
