import type { HomeRegion } from "./core/ids.ts";
import { SettingsReader } from "./core/settings-reader.ts";
import {
  readEdgeCheck,
  readEgressCidrs,
  readHosts,
  readRelays,
  readRegionalServices,
  type Relay,
  readS3Endpoints,
} from "./region/host-settings.ts";
import type { Jurisdictions } from "./region/placement.ts";
import {
  HOME_REGION_NAMES,
  HOME_REGIONS,
  type ArchiveLocation,
  type IngestRegion,
} from "./region/regions.ts";
import type { ListedEndpoints } from "./region/s3-endpoints.ts";
import { bucketUrlProblem } from "./region/bucket-url.ts";
import type { KeySecret, KeySecrets } from "./region/write-key.ts";

/** The platform's own bucket at one location, and the keys that sign for it. */
export type BucketConfig = {
  readonly location: ArchiveLocation;
  /** Path-style base, `https://host/bucket`, without a trailing slash. */
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** How long it has to begin an answer. */
  readonly answerMsMax: number;
};

export type Config = {
  readonly environment: "production" | "development";
  readonly jurisdictions: Jurisdictions;
  /** Host name (with port, if any) to ingest region. A host that is not listed takes no events. */
  readonly hosts: ReadonlyMap<string, IngestRegion>;
  readonly writeKeySecrets: Readonly<Record<HomeRegion, KeySecrets>>;
  /** What wraps the data keys of destinations' secrets; the first wraps what is new. */
  readonly sealingKeys: Readonly<Record<HomeRegion, KeySecrets>>;
  readonly operatorToken: string;
  readonly buckets: Readonly<Record<ArchiveLocation, BucketConfig>>;
  readonly seal: { readonly afterMs: number; readonly bytes: number };
  readonly windowMs: number;
  readonly failover: {
    /** The longest wait until a location that did not answer is asked again. */
    readonly probeMsMax: number;
    /** After this no PUT that was sent before can land any more. */
    readonly suspectMs: number;
  };
  /** Whether requests are judged by the Cloudflare location they came in at. */
  readonly edgeCheck: boolean;
  /** Hosts that the operator declared to be under Regional Services, and the region there. */
  readonly regionalServices: ReadonlyMap<string, string>;
  /** Endpoints outside AWS that the operator says are in a region, for customers' own buckets. */
  readonly s3Endpoints: ListedEndpoints;
  /** Fixed addresses that the operator says the objects of a region call from; none by default. */
  readonly egressCidrs: Readonly<Record<HomeRegion, readonly string[]>>;
  /** Proxies of the operator's own, for databases that let in certain addresses only. */
  readonly relays: Readonly<Record<HomeRegion, Relay | undefined>>;
};

/** Vars and secrets as the platform hands them over; everything is text or absent. */
export type Vars = Readonly<Record<string, unknown>>;

/** Seconds until a range of the log is sealed, when it did not fill up before. */
const SEAL_SECONDS_DEFAULT = 60;
/** Megabytes of NDJSON at which a range is sealed. */
const SEAL_MEGABYTES_DEFAULT = 64;
const SEAL_MEGABYTES_MAX = 100;
/** Hours for which a messageId is remembered; fewer than 24 would break the promise. */
const WINDOW_HOURS_DEFAULT = 24;
const WINDOW_HOURS_MAX = 72;
/** Seconds for a bucket to begin its answer: a file of 8 MB at 400 KB/s, and thrice within a minute. */
const ARCHIVE_TIMEOUT_SECONDS_DEFAULT = 20;
const ARCHIVE_TIMEOUT_SECONDS_MAX = 60;
/** Seconds until a location that did not answer is asked again, at most. */
const ARCHIVE_PROBE_SECONDS_DEFAULT = 60;
const ARCHIVE_PROBE_SECONDS_MAX = 300;
/** Seconds for which S3 takes a signature, which no deployment may go below. */
const SIGNATURE_SECONDS = 900;
/** Those, and five minutes for a request that is being carried out and for clocks that differ. */
const SUSPECT_SECONDS_DEFAULT = 1200;
const SUSPECT_SECONDS_MAX = 86_400;
const SECRET_BYTES_MIN = 32;
/** A secret's number stands in two characters of a write key. */
const SECRET_ID_MAX = 1023;
const OPERATOR_TOKEN_CHARS_MIN = 32;

/**
 * Reads all vars and secrets, once per isolate; nothing else reads them.
 *
 * @throws Error that lists every problem at once, each with the command or line that fixes it.
 */
export function parseConfig(vars: Vars): Config {
  const problems: string[] = [];
  const read = new SettingsReader(vars, problems);
  const environment = read.oneOf("ENVIRONMENT", ["production", "development"]);
  const jurisdictions = read.oneOf("JURISDICTIONS", ["enforced", "simulated"]);
  if (jurisdictions === "simulated" && environment !== "development") {
    problems.push(
      'JURISDICTIONS is "simulated", which only ENVIRONMENT "development" may use: set JURISDICTIONS = "enforced" under [vars] in wrangler.toml',
    );
  }
  const development = environment === "development";
  const hosts = readHosts(read);
  const config: Config = {
    environment,
    jurisdictions,
    hosts,
    edgeCheck: readEdgeCheck(read, development),
    regionalServices: readRegionalServices(read, hosts),
    egressCidrs: readEgressCidrs(read),
    relays: readRelays(read),
    s3Endpoints: readS3Endpoints(read, development),
    writeKeySecrets: {
      us: readSecrets(read, "WRITE_KEY_SECRETS_US"),
      eu: readSecrets(read, "WRITE_KEY_SECRETS_EU"),
    },
    sealingKeys: {
      us: readSecrets(read, "SEALING_KEYS_US"),
      eu: readSecrets(read, "SEALING_KEYS_EU"),
    },
    operatorToken: readOperatorToken(read, development),
    buckets: readBuckets(read, development),
    seal: {
      afterMs: read.number("SEAL_SECONDS", SEAL_SECONDS_DEFAULT, 1, 3600) * 1000,
      bytes: read.number("SEAL_MEGABYTES", SEAL_MEGABYTES_DEFAULT, 1, SEAL_MEGABYTES_MAX) * 1e6,
    },
    windowMs:
      read.number("WINDOW_HOURS", WINDOW_HOURS_DEFAULT, WINDOW_HOURS_DEFAULT, WINDOW_HOURS_MAX) *
      3_600_000,
    failover: {
      probeMsMax:
        read.number(
          "ARCHIVE_PROBE_SECONDS",
          ARCHIVE_PROBE_SECONDS_DEFAULT,
          1,
          ARCHIVE_PROBE_SECONDS_MAX,
        ) * 1000,
      suspectMs:
        read.number(
          "SUSPECT_SECONDS",
          SUSPECT_SECONDS_DEFAULT,
          development ? 1 : SIGNATURE_SECONDS,
          SUSPECT_SECONDS_MAX,
        ) * 1000,
    },
  };
  if (problems.length > 0) {
    throw new Error(
      `Cannot start, ${problems.length} settings are wrong:\n- ${problems.join("\n- ")}`,
    );
  }
  return config;
}

/** `01:<base64>`, several separated by commas; the first one makes what is new. */
function readSecrets(read: SettingsReader, name: string): KeySecrets {
  const command = `run echo "1:$(openssl rand -base64 32)" | npx wrangler secret put ${name}`;
  const secrets: KeySecret[] = [];
  const text = read.secret(name);
  for (const entry of text === "" ? [] : text.split(",")) {
    const secret = keySecret(entry.trim());
    if (secret === undefined) {
      read.problems.push(
        `${name} holds an entry that is not <number>:<base64 of ${SECRET_BYTES_MIN} bytes or more>: ${command}`,
      );
    } else if (secrets.some(({ id }) => id === secret.id)) {
      read.problems.push(
        `${name} has two secrets of the number ${secret.id}: number them apart and ${command}`,
      );
    } else {
      secrets.push(secret);
    }
  }
  return secrets;
}

function keySecret(entry: string): KeySecret | undefined {
  const [, id, text] = /^(\d{1,4}):([^:]+)$/.exec(entry) ?? [];
  if (id === undefined || text === undefined || Number(id) > SECRET_ID_MAX) return undefined;
  const secret = decodeBase64(text);
  return secret.length < SECRET_BYTES_MIN ? undefined : { id: Number(id), secret };
}

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function readOperatorToken(read: SettingsReader, development: boolean): string {
  const token = read.secret("OPERATOR_TOKEN");
  if (!development && token !== "" && token.length < OPERATOR_TOKEN_CHARS_MIN) {
    read.problems.push(
      `OPERATOR_TOKEN has ${token.length} characters, wanted ${OPERATOR_TOKEN_CHARS_MIN} or more: run openssl rand -hex 32 | npx wrangler secret put OPERATOR_TOKEN`,
    );
  }
  return token;
}

/** `BUCKET_EU_WEST_1 = "https://s3.eu-west-1.amazonaws.com/my-bucket"` and so on, keys per home. */
function readBuckets(
  read: SettingsReader,
  development: boolean,
): Readonly<Record<ArchiveLocation, BucketConfig>> {
  const buckets: Partial<Record<ArchiveLocation, BucketConfig>> = {};
  const answerMsMax =
    read.number(
      "ARCHIVE_TIMEOUT_SECONDS",
      ARCHIVE_TIMEOUT_SECONDS_DEFAULT,
      1,
      ARCHIVE_TIMEOUT_SECONDS_MAX,
    ) * 1000;
  for (const home of HOME_REGION_NAMES) {
    const suffix = home.toUpperCase();
    const accessKeyId = read.secret(`S3_ACCESS_KEY_ID_${suffix}`);
    const secretAccessKey = read.secret(`S3_SECRET_ACCESS_KEY_${suffix}`);
    for (const location of HOME_REGIONS[home].locations) {
      const name = `BUCKET_${location.toUpperCase().replaceAll("-", "_")}`;
      const url = (read.text(name) ?? "").replace(/\/+$/, "");
      const problem = bucketUrlProblem(url, location, development);
      if (problem !== undefined) {
        read.problems.push(
          `${name} ${problem}: set ${name} = "https://s3.${location}.amazonaws.com/<bucket>" under [vars] in wrangler.toml`,
        );
      }
      const other = Object.values(buckets).find((bucket) => url !== "" && bucket.url === url);
      if (other !== undefined) {
        read.problems.push(
          `${name} is the bucket of ${other.location} as well: give each location a bucket of its own`,
        );
      }
      buckets[location] = { location, url, accessKeyId, secretAccessKey, answerMsMax };
    }
  }
  return buckets as Record<ArchiveLocation, BucketConfig>;
}
