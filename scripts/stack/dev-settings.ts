import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HOME_REGION_NAMES } from "../../src/region/regions.ts";
import {
  HOME_CREDENTIALS,
  homeBucketName,
  LOCATIONS,
  type LocalAwsAddresses,
} from "../local-aws/options.ts";

/** Vars of the Worker, by the names `src/config.ts` reads. */
export type WorkerVars = Readonly<Record<string, string>>;

/** Good for nothing but a stack on this machine; production wants 32 characters. */
export const DEV_OPERATOR_TOKEN = "dev-operator-token";
/** Short, so that whoever tries things out sees a file at once. */
const SEAL_SECONDS = "5";
const SECRETS_FILE = "homeport-secrets.json";
const SECRET_BYTES = 32;

/** Every var the Worker needs on this machine, for a stack on `port` that keeps its state there. */
export async function devVars(
  port: number,
  stateDir: string,
  aws: LocalAwsAddresses,
): Promise<WorkerVars> {
  const vars: Record<string, string> = {
    ENVIRONMENT: "development",
    JURISDICTIONS: "simulated",
    HOSTS: Object.entries(DEV_HOSTS)
      .map(([ingestRegion, host]) => `${host}:${port}=${ingestRegion}`)
      .join(","),
    OPERATOR_TOKEN: DEV_OPERATOR_TOKEN,
    SEAL_SECONDS,
    ...(await keptSecrets(stateDir)),
    ...(aws.listedEndpoints === undefined ? {} : { S3_ENDPOINTS: aws.listedEndpoints }),
  };
  for (const location of LOCATIONS) {
    const name = `BUCKET_${location.toUpperCase().replaceAll("-", "_")}`;
    vars[name] = `${aws.endpoints[location]}/${homeBucketName(location)}`;
  }
  for (const home of HOME_REGION_NAMES) {
    vars[`S3_ACCESS_KEY_ID_${home.toUpperCase()}`] = HOME_CREDENTIALS[home].accessKeyId;
    vars[`S3_SECRET_ACCESS_KEY_${home.toUpperCase()}`] = HOME_CREDENTIALS[home].secretAccessKey;
  }
  return vars;
}

/** The tracking host of each ingest region on this machine, without the port. */
export const DEV_HOSTS = {
  us1: "events.us1.localhost",
  eu1: "events.eu1.localhost",
  ap1: "in.ap1.localhost",
  au1: "in.au1.localhost",
} as const;

/** Write keys outlive a restart only if the secrets that sign them do. */
async function keptSecrets(stateDir: string): Promise<WorkerVars> {
  const path = join(stateDir, SECRETS_FILE);
  const kept = await readFile(path, "utf8").catch(() => undefined);
  const held = kept === undefined ? {} : (JSON.parse(kept) as WorkerVars);
  const names = HOME_REGION_NAMES.flatMap((home) =>
    ["WRITE_KEY_SECRETS", "SEALING_KEYS"].map((kind) => `${kind}_${home.toUpperCase()}`),
  );
  if (names.every((name) => name in held)) return held;
  const made = names.map((name) => [name, `1:${randomBytes(SECRET_BYTES).toString("base64")}`]);
  const secrets: WorkerVars = { ...Object.fromEntries(made), ...held };
  await mkdir(stateDir, { recursive: true });
  await writeFile(path, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}
