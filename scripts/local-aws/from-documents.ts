import type { BucketDocuments, PolicyStatement } from "../../src/archive/own-bucket/policies.ts";
import type { OwnBucket } from "../../src/region/own-bucket.ts";
import type { BucketOptions, Grant, Role, Statement } from "./options.ts";

/**
 * Reads policy documents as AWS would, as far as this stand-in enforces them: actions, resources with
 * a `*` at their end, the prefix of a listing, principals and the ExternalId. What a document does not
 * allow is refused here too, so a wrong document fails a test.
 */
export function rolesOf(documents: BucketDocuments): readonly Role[] {
  return documents.roles.map(({ arn, trust, policy }) => {
    const trusted = trust.Statement.filter(({ Action }) => Action === "sts:AssumeRole");
    const externalId = trusted[0]?.Condition?.["StringEquals"]?.["sts:ExternalId"];
    return {
      arn,
      trust: trusted.flatMap(principalsOf),
      ...(externalId === undefined ? {} : { externalId }),
      allow: policy.Statement.flatMap(statementsOf),
    };
  });
}

/** The bucket with its policy and its key. */
export function bucketOf(
  own: Pick<OwnBucket, "bucket" | "location" | "kmsKeyArn">,
  documents: BucketDocuments,
): BucketOptions {
  return {
    name: own.bucket,
    location: own.location,
    grants: documents.bucketPolicy.Statement.flatMap(grantsOf),
    ...(own.kmsKeyArn === undefined ? {} : { kmsKeyId: own.kmsKeyArn, checksKmsGrants: true }),
  };
}

function statementsOf(statement: PolicyStatement): readonly Statement[] {
  if (statement.Effect !== "Allow") return [];
  const actions = listOf(statement.Action);
  const listed = statement.Condition?.["StringLike"]?.["s3:prefix"]?.replace(/\*$/, "");
  return listOf(statement.Resource).map((resource) => {
    if (resource.startsWith("arn:aws:kms:")) return { actions, bucket: "", kmsKeyId: resource };
    const [, bucket = "", key] = /^arn:aws:s3:::([^/]+)(?:\/(.*))?$/.exec(resource) ?? [];
    const prefix = key === undefined ? listed : key.replace(/\*$/, "");
    return { actions, bucket, ...(prefix === undefined ? {} : { prefix }) };
  });
}

function grantsOf(statement: PolicyStatement): readonly Grant[] {
  return principalsOf(statement).flatMap((principal) =>
    statementsOf(statement).map(({ actions, prefix }) => ({
      principal,
      actions,
      ...(prefix === undefined ? {} : { prefix }),
    })),
  );
}

function principalsOf({ Principal }: PolicyStatement): readonly string[] {
  return Principal === undefined || Principal === "*" ? [] : [Principal.AWS];
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
