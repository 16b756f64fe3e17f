import type { OwnBucket } from "../../region/own-bucket.ts";
import type { BucketDocuments, RoleDocuments } from "./policies.ts";

/** What the customer finds everything by. */
const LABEL_TAG = "homeport-label";

/**
 * The documents as a CloudFormation template, in JSON: bucket, policy and roles, to be made in the
 * bucket's region. A key is the customer's to make, so only its statements stand among the outputs.
 */
export function asCloudFormation(own: OwnBucket, documents: BucketDocuments): string {
  const roles = documents.roles.map((role) => [
    nameOf(role),
    {
      Type: "AWS::IAM::Role",
      Properties: {
        RoleName: roleName(role),
        AssumeRolePolicyDocument: role.trust,
        Policies: [{ PolicyName: "homeport", PolicyDocument: role.policy }],
        Tags: [{ Key: LABEL_TAG, Value: own.label }],
      },
    },
  ]);
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `Storage of Homeport's events in ${own.location} (${own.label}); deploy it there, with CAPABILITY_NAMED_IAM`,
    Resources: {
      HomeportBucket: {
        Type: "AWS::S3::Bucket",
        DeletionPolicy: "Retain",
        UpdateReplacePolicy: "Retain",
        Properties: {
          BucketName: own.bucket,
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
          ...(own.kmsKeyArn === undefined ? {} : { BucketEncryption: encryption(own.kmsKeyArn) }),
          Tags: [{ Key: LABEL_TAG, Value: own.label }],
        },
      },
      HomeportBucketPolicy: {
        Type: "AWS::S3::BucketPolicy",
        Properties: { Bucket: { Ref: "HomeportBucket" }, PolicyDocument: documents.bucketPolicy },
      },
      ...Object.fromEntries(roles),
    },
    Outputs: {
      ...Object.fromEntries(
        documents.roles.map((role) => [
          `${nameOf(role)}Arn`,
          { Value: { "Fn::GetAtt": [nameOf(role), "Arn"] } },
        ]),
      ),
      ...(documents.kmsKeyPolicy === undefined
        ? {}
        : {
            HomeportKmsKeyStatements: {
              Description: "To be added to the key's own policy",
              Value: JSON.stringify(documents.kmsKeyPolicy.Statement),
            },
          }),
    },
  };
  return JSON.stringify(template, undefined, 2);
}

/** The same for Terraform. */
export function asTerraform(own: OwnBucket, documents: BucketDocuments): string {
  const bucket = `# For a provider "aws" of the region ${own.location}.
resource "aws_s3_bucket" "homeport" {
  bucket = ${quoted(own.bucket)}
  tags   = { ${LABEL_TAG} = ${quoted(own.label)} }
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
  tags               = { ${LABEL_TAG} = ${quoted(own.label)} }
}

resource "aws_iam_role_policy" "homeport_${role.purpose}" {
  name   = "homeport"
  role   = aws_iam_role.homeport_${role.purpose}.id
  policy = ${quoted(JSON.stringify(role.policy))}
}

output "homeport_${role.purpose}_role_arn" {
  value = aws_iam_role.homeport_${role.purpose}.arn
}
`,
  );
  return [bucket, ...roles, terraformKey(own, documents)].join("");
}

function terraformKey({ kmsKeyArn }: OwnBucket, { kmsKeyPolicy }: BucketDocuments): string {
  if (kmsKeyArn === undefined || kmsKeyPolicy === undefined) return "";
  return `
resource "aws_s3_bucket_server_side_encryption_configuration" "homeport" {
  bucket = aws_s3_bucket.homeport.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = ${quoted(kmsKeyArn)}
    }
  }
}

# To be added to the key's own policy.
output "homeport_kms_key_statements" {
  value = ${quoted(JSON.stringify(kmsKeyPolicy.Statement))}
}
`;
}

function encryption(kmsKeyArn: string) {
  const byDefault = { SSEAlgorithm: "aws:kms", KMSMasterKeyID: kmsKeyArn };
  return { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: byDefault }] };
}

function nameOf({ purpose }: RoleDocuments): string {
  return `Homeport${purpose.slice(0, 1).toUpperCase()}${purpose.slice(1)}Role`;
}

/** Without its account and path. */
function roleName({ arn }: RoleDocuments): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** JSON's quotes are Terraform's, but for its own two ways to begin an expression. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);
}
