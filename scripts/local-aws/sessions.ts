import { randomBytes } from "node:crypto";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { err, ok, type Result } from "../../src/core/result.ts";
import { escapeXml, refusal, type AwsRefusal } from "./aws-refusal.ts";
import type { Role, User } from "./options.ts";
import type { Identity } from "./policy.ts";
import type { KnownKey } from "./signature.ts";

/** A key with the identity it proves and the endpoints that know it. */
export type KeyHolder = {
  readonly key: KnownKey;
  readonly identity: Identity;
  readonly locations: readonly ArchiveLocation[];
};

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";
const DURATION_SECONDS_DEFAULT = 3600;
const DURATION_SECONDS_MIN = 900;
const DURATION_SECONDS_MAX = 43_200;

/** The keys that are known: those of users, and those that AssumeRole handed out. */
export class KeyRing {
  readonly #holders = new Map<string, KeyHolder>();
  readonly #roles: Map<string, Role>;

  constructor(users: readonly User[], roles: readonly Role[]) {
    this.#roles = new Map(roles.map((role) => [role.arn, role]));
    for (const user of users) {
      const { arn, allow, locations, secretAccessKey } = user;
      this.#holders.set(user.accessKeyId, {
        key: { secretAccessKey },
        identity: { arn, allow },
        locations,
      });
    }
  }

  /** The holder of `accessKeyId`, if the endpoint at `location` knows it. */
  find(accessKeyId: string, location: ArchiveLocation): KeyHolder | undefined {
    const holder = this.#holders.get(accessKeyId);
    return holder?.locations.includes(location) ? holder : undefined;
  }

  /** Makes a role, or puts another in its place; sessions that were handed out stay as they are. */
  setRole(role: Role): void {
    this.#roles.set(role.arn, role);
  }

  /** Answers an STS call that `caller` signed; `form` is its body. */
  answer(caller: KeyHolder, form: URLSearchParams, nowMs: number): Result<string, AwsRefusal> {
    switch (form.get("Action") ?? "") {
      case "GetCallerIdentity":
        return ok(callerIdentityXml(caller.identity.arn));
      case "AssumeRole":
        return this.#assumeRole(caller, form, nowMs);
      default:
        return err(refusal(400, "InvalidAction"));
    }
  }

  #assumeRole(caller: KeyHolder, form: URLSearchParams, nowMs: number): Result<string, AwsRefusal> {
    const seconds = Number(form.get("DurationSeconds") ?? DURATION_SECONDS_DEFAULT);
    const sessionName = form.get("RoleSessionName") ?? "";
    const inRange = seconds >= DURATION_SECONDS_MIN && seconds <= DURATION_SECONDS_MAX;
    if (!inRange || !/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
      return err(refusal(400, "ValidationError"));
    }
    const role = this.#roles.get(form.get("RoleArn") ?? "");
    if (role === undefined || !trusts(role, caller.identity.arn, form.get("ExternalId"))) {
      const message = `User: ${caller.identity.arn} is not authorized to perform: sts:AssumeRole`;
      return err(refusal(403, "AccessDenied", message));
    }
    return ok(this.#open(role, sessionName, caller.locations, nowMs + seconds * 1000));
  }

  #open(
    role: Role,
    sessionName: string,
    locations: readonly ArchiveLocation[],
    expiresAtMs: number,
  ): string {
    const accessKeyId = `ASIA${randomBytes(8).toString("hex").toUpperCase()}`;
    const key = {
      secretAccessKey: randomBytes(30).toString("base64url"),
      token: randomBytes(180).toString("base64"),
      expiresAtMs,
    };
    const assumed = role.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/");
    const arn = `${assumed}/${sessionName}`;
    const identity = { arn, allow: role.allow, roleArn: role.arn };
    this.#holders.set(accessKeyId, { key, identity, locations });
    return `<AssumeRoleResponse xmlns="${NAMESPACE}"><AssumeRoleResult><AssumedRoleUser><Arn>${escapeXml(arn)}</Arn><AssumedRoleId>${accessKeyId}:${sessionName}</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${key.secretAccessKey}</SecretAccessKey><SessionToken>${key.token}</SessionToken><Expiration>${new Date(expiresAtMs).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
  }
}

function trusts(role: Role, callerArn: string, externalId: string | null): boolean {
  if (!role.trust.includes(callerArn)) return false;
  return role.externalId === undefined || role.externalId === externalId;
}

function callerIdentityXml(arn: string): string {
  const name = escapeXml(arn);
  return `<GetCallerIdentityResponse xmlns="${NAMESPACE}"><GetCallerIdentityResult><Arn>${name}</Arn><UserId>${name}</UserId><Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
}
