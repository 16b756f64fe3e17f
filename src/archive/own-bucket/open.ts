import type { Config } from "../../config.ts";
import { regionOf, workspaceOf, type SourceId } from "../../core/ids.ts";
import type { EgressContext, EgressObserver } from "../../egress/guard.ts";
import { bucketRules, listedBucketRules, stsRules } from "../../egress/region-hosts.ts";
import type { OwnBucket, OwnBucketRole } from "../../region/own-bucket.ts";
import { homeOf, type ArchiveLocation } from "../../region/regions.ts";
import { knownEndpoint, type S3Endpoint } from "../../region/s3-endpoints.ts";
import type { KeySession } from "../../s3/bucket-sender.ts";
import { Bucket } from "../../s3/bucket.ts";
import { ENDPOINT_TRAITS } from "./endpoint-kinds.ts";
import { HandedKeys } from "./handed-keys.ts";
import { RoleSession } from "../../s3/role-session.ts";
import { assumeRole, type StsCaller } from "../../s3/sts.ts";

type Deployment = Pick<Config, "buckets" | "environment" | "s3Endpoints">;

/** What whoever opens a bucket has at hand. */
export type Opening = {
  readonly config: Deployment;
  readonly sourceId: SourceId;
  readonly observe?: EgressObserver;
  readonly now: () => number;
  /** The secret key that the customer handed in for a bucket outside AWS. */
  readonly secretOf?: (own: OwnBucket) => Promise<string>;
};

/**
 * A bucket of the customer's, opened for one purpose. Nothing is asked before it is used; then a role
 * is assumed at the region's own STS.
 *
 * @throws RangeError when the bucket is not in the source's home.
 */
export function ownBucket(opening: Opening, own: OwnBucket, purpose: OwnBucketRole): Bucket {
  const { config, sourceId } = opening;
  const region = regionOf(sourceId);
  if (homeOf(own.location) !== region) {
    throw new RangeError(`Cannot open a bucket at ${own.location} for a source in ${region}`);
  }
  if (own.endpoint !== undefined) return endpointBucket(opening, own, own.endpoint);
  const { accessKeyId, secretAccessKey, answerMsMax } = config.buckets[own.location];
  const url = ownBucketUrl(config, own);
  const { kmsKeyArn, location } = own;
  const place = {
    url,
    location,
    answerMsMax,
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  };
  const role = roleFor(own, purpose);
  const development = config.environment === "development";
  const context = contextOf(opening, bucketRules(region, url, development));
  if (role === undefined) return new Bucket({ ...place, accessKeyId, secretAccessKey }, context);
  const session = new RoleSession(
    () =>
      assumeRole(
        stsCaller(config, own.location),
        { roleArn: role, externalId: own.externalId, sessionName: sessionName(sourceId) },
        stsContext(opening, own.location),
      ),
    opening.now,
  );
  return new Bucket({ ...place, session }, context);
}

/**
 * A bucket outside AWS, opened with the customer's own keys, which are asked for at the first request.
 * Where the endpoint is not known to be in the source's home, or is not any more, the guard lets
 * nothing out: events wait, and go on once the operator has listed it.
 */
function endpointBucket(opening: Opening, own: OwnBucket, host: string): Bucket {
  const { config, sourceId, secretOf } = opening;
  const { access, bucket, location } = own;
  if (access.kind !== "keys") throw new Error("Cannot open a bucket outside AWS without keys");
  const known = knownEndpoint(host, config.s3Endpoints);
  const endpoint = known?.region === regionOf(sourceId) ? known : undefined;
  const development = config.environment === "development";
  const url = `${originOf(host, development)}/${bucket}`;
  const session: KeySession = new HandedKeys(access.accessKeyId, async () => {
    if (secretOf === undefined) throw new Error("Cannot open a bucket: its key is not at hand");
    return secretOf(own);
  });
  const { answerMsMax } = config.buckets[location];
  const address = {
    url,
    location: endpoint?.scope ?? location,
    answerMsMax,
    hasBareIfMatch: endpoint !== undefined && ENDPOINT_TRAITS[endpoint.kind].hasBareIfMatch,
    session,
  };
  return new Bucket(address, contextOf(opening, rulesOf(endpoint, url, development)));
}

function rulesOf(
  endpoint: S3Endpoint | undefined,
  url: string,
  development: boolean,
): EgressContext["rules"] {
  if (endpoint === undefined) return [];
  return endpoint.knownBy === "operator"
    ? listedBucketRules(url, development)
    : bucketRules(endpoint.region, url, development);
}

/** Plain http is for the developer's own machine; the guard lets it go nowhere else. */
function originOf(host: string, development: boolean): string {
  return development && host.startsWith("127.0.0.1:") ? `http://${host}` : `https://${host}`;
}

/** The role for a purpose; none where the bucket's own policy lets us write. */
function roleFor({ access }: OwnBucket, purpose: OwnBucketRole): string | undefined {
  if (access.kind === "keys") return undefined;
  if (access.kind === "roles") return access[purpose];
  return purpose === "writer" ? undefined : access.role;
}

/** Where the bucket is; in development beside the platform's own on this machine. */
export function ownBucketUrl(config: Deployment, { location, bucket }: OwnBucket): string {
  return `${localOrigin(config, location) ?? `https://s3.${location}.amazonaws.com`}/${bucket}`;
}

/** Who asks STS for a session, and where. */
export function stsCaller(config: Deployment, location: ArchiveLocation): StsCaller {
  const { accessKeyId, secretAccessKey } = config.buckets[location];
  const url = localOrigin(config, location) ?? `https://sts.${location}.amazonaws.com`;
  return { url, location, accessKeyId, secretAccessKey };
}

export function stsContext(opening: Opening, location: ArchiveLocation): EgressContext {
  const { config } = opening;
  const { url } = stsCaller(config, location);
  return contextOf(opening, stsRules(location, url, config.environment === "development"));
}

/** What the customer's CloudTrail shows of us: the workspace, which they know. */
export function sessionName(sourceId: SourceId): string {
  return `homeport-${workspaceOf(sourceId)}`;
}

function contextOf(
  { config, sourceId, observe }: Opening,
  rules: EgressContext["rules"],
): EgressContext {
  return {
    region: regionOf(sourceId),
    purpose: "own-bucket",
    rules,
    development: config.environment === "development",
    ...(observe === undefined ? {} : { observe }),
  };
}

function localOrigin(config: Deployment, location: ArchiveLocation): string | undefined {
  const { origin, protocol } = new URL(config.buckets[location].url);
  return config.environment === "development" && protocol === "http:" ? origin : undefined;
}
