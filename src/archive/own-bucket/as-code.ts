import type { OwnBucket } from "../../region/own-bucket.ts";
import type { BucketDocuments, RoleDocuments } from "./policies.ts";

/**
 * The documents as a CloudFormation template, in JSON: bucket, policy and roles, to be made in the
 * bucket's region. A key is the customer's to make, so only its statement stands among the outputs.
 */
export function asCloudFormation(own: OwnBucket, documents: BucketDocuments): string {
  const roles = documents.roles.map((role) => [
    `Homeport${capital(role.purpose)}Role`,
    {
      Type: "AWS::IAM::Role",
      Properties: {
        RoleName: roleName(role),
        AssumeRolePolicyDocument: role.trust,
        Policies: [{ PolicyName: "homeport", PolicyDocument: role.policy }],
      },
    },
  ]);
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `Storage of Homeport's events in ${own.location} (${own.label})`,
    Resources: {
      HomeportBucket: {
        Type: "AWS::S3::Bucket",
        DeletionPolicy: "Retain",
        Properties: {
          BucketName: own.bucket,
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
        },
      },
      HomeportBucketPolicy: {
        Type: "AWS::S3::BucketPolicy",
        Properties: { Bucket: { Ref: "HomeportBucket" }, PolicyDocument: documents.bucketPolicy },
      },
      ...Object.fromEntries(roles),
    },
  };
  return JSON.stringify(template, undefined, 2);
}

/** The same for Terraform. */
export function asTerraform(own: OwnBucket, documents: BucketDocuments): string {
  const bucket = `resource "aws_s3_bucket" "homeport" {
  bucket = ${quoted(own.bucket)}
}

resource "aws_s3_bucket_public_access_block" "homeport" {
  bucket                  = aws_s3_bucket.homeport.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "homeport" {
  bucket = aws_s3_bucket.homeport.id
  policy = ${quoted(JSON.stringify(documents.bucketPolicy))}
}
`;
  const roles = documents.roles.map(
    (role) => `
resource "aws_iam_role" "homeport_${role.purpose}" {
  name               = ${quoted(roleName(role))}
  assume_role_policy = ${quoted(JSON.stringify(role.trust))}
}

resource "aws_iam_role_policy" "homeport_${role.purpose}" {
  name   = "homeport"
  role   = aws_iam_role.homeport_${role.purpose}.id
  policy = ${quoted(JSON.stringify(role.policy))}
}
`,
  );
  return bucket + roles.join("");
}

/** Without its account and path. */
function roleName({ arn }: RoleDocuments): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** JSON's quotes are Terraform's, but for its own two ways to begin an expression. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
