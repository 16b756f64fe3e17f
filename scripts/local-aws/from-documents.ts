import type { BucketDocuments, PolicyStatement } from "../../src/archive/own-bucket/policies.ts";
import type { OwnBucket } from "../../src/region/own-bucket.ts";
import type { BucketOptions, Grant, Role, Statement } from "./options.ts";

/**
 * Reads policy documents as AWS would, as far as this stand-in enforces them: actions, resources with
 * a `*` at their end, the prefix of a listing, the service a key is used through, principals and the
 * ExternalId. What a document does not allow is refused here too, so a wrong document fails a test; and
 * one with a condition that is not enforced here is refused as a whole, rather than taken for less.
 */
export function rolesOf(documents: BucketDocuments): readonly Role[] {
  return documents.roles.map(({ arn, trust, policy }) => {
    const trusted = trust.Statement.filter(({ Action }) => Action === "sts:AssumeRole");
    for (const statement of trusted) refuseOtherConditions(statement, ["sts:ExternalId"]);
    const externalId = trusted[0]?.Condition?.["StringEquals"]?.["sts:ExternalId"];
    return {
      arn,
      trust: trusted.flatMap(principalsOf),
      ...(externalId === undefined ? {} : { externalId }),
      allow: policy.Statement.flatMap(statementsOf),
    };
  });
}

/**
 * The bucket with its policy and its key. `keyUsers` are those whom the key's policy names besides, as
 * the account's own administrators.
 */
export function bucketOf(
  own: Pick<OwnBucket, "bucket" | "location" | "kmsKeyArn">,
  documents: BucketDocuments,
  keyUsers: readonly string[] = [],
): BucketOptions {
  const actions = ["kms:Decrypt", "kms:GenerateDataKey"];
  const kmsGrants = [
    ...(documents.kmsKeyPolicy?.Statement ?? []).flatMap(grantsOf),
    ...keyUsers.map((principal) => ({ principal, actions })),
  ];
  return {
    name: own.bucket,
    location: own.location,
    grants: documents.bucketPolicy.Statement.flatMap(grantsOf),
    ...(own.kmsKeyArn === undefined
      ? {}
      : { kmsKeyId: own.kmsKeyArn, checksKmsGrants: true, kmsGrants }),
  };
}

const ENFORCED = ["s3:prefix", "kms:ViaService"];

function statementsOf(statement: PolicyStatement): readonly Statement[] {
  if (statement.Effect !== "Allow") return [];
  refuseOtherConditions(statement, ENFORCED);
  const actions = listOf(statement.Action);
  const listed = statement.Condition?.["StringLike"]?.["s3:prefix"]?.replace(/\*$/, "");
  const viaService = statement.Condition?.["StringEquals"]?.["kms:ViaService"];
  const via = viaService === undefined ? {} : { viaService };
  return listOf(statement.Resource).map((resource) => {
    if (resource.startsWith("arn:aws:kms:")) {
      return { actions, bucket: "", kmsKeyId: resource, ...via };
    }
    const [, bucket = "", key] = /^arn:aws:s3:::([^/]+)(?:\/(.*))?$/.exec(resource) ?? [];
    const prefix = key === undefined ? listed : key.replace(/\*$/, "");
    return { actions, bucket, ...(prefix === undefined ? {} : { prefix }), ...via };
  });
}

function grantsOf(statement: PolicyStatement): readonly Grant[] {
  return principalsOf(statement).flatMap((principal) =>
    statementsOf(statement).map(({ actions, prefix, viaService }) => ({
      principal,
      actions,
      ...(prefix === undefined ? {} : { prefix }),
      ...(viaService === undefined ? {} : { viaService }),
    })),
  );
}

function refuseOtherConditions(
  { Condition = {} }: PolicyStatement,
  known: readonly string[],
): void {
  const other = Object.values(Condition)
    .flatMap((keys) => Object.keys(keys))
    .find((key) => !known.includes(key));
  if (other !== undefined) throw new Error(`Cannot enforce the condition ${other}`);
}

function principalsOf({ Principal }: PolicyStatement): readonly string[] {
  return Principal === undefined || Principal === "*" ? [] : [Principal.AWS];
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
