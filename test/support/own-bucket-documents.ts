import type { BucketDocuments, PolicyDocument } from "../../src/archive/own-bucket/policies.ts";
import { parseHcl, type HclBlock } from "./hcl.ts";

/** What a template declares, by name. */
export type CfnTemplate = {
  readonly Resources: Readonly<
    Record<
      string,
      { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }
    >
  >;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
};

/** The documents that a CloudFormation template would apply, for roles of that account. */
export function documentsOfCloudFormation(text: string, account: string): BucketDocuments {
  const { Resources, Outputs } = JSON.parse(text) as CfnTemplate;
  const of = (type: string) =>
    Object.values(Resources).flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));
  const key = Outputs["HomeportKmsKeyStatements"]?.Value;
  return {
    bucketPolicy: of("AWS::S3::BucketPolicy")[0]?.["PolicyDocument"] as PolicyDocument,
    roles: of("AWS::IAM::Role").map((role) => ({
      purpose: "all",
      arn: arnOf(account, String(role["RoleName"])),
      trust: role["AssumeRolePolicyDocument"] as PolicyDocument,
      policy: (role["Policies"] as readonly { readonly PolicyDocument: PolicyDocument }[])[0]
        ?.PolicyDocument as PolicyDocument,
    })),
    ...(typeof key === "string" ? { kmsKeyPolicy: policyOf(key) } : {}),
  };
}

/** The documents that a file of Terraform would apply, for roles of that account. */
export function documentsOfTerraform(text: string, account: string): BucketDocuments {
  const blocks = parseHcl(text);
  const of = (type: string): readonly HclBlock[] =>
    blocks.filter(({ labels }) => labels[0] === type);
  const json = (block: HclBlock | undefined, name: string): PolicyDocument =>
    JSON.parse(textOf(block, name)) as PolicyDocument;
  const key = blocks.find(({ labels }) => labels[0] === "homeport_kms_key_statements");
  return {
    bucketPolicy: json(of("aws_s3_bucket_policy")[0], "policy"),
    roles: of("aws_iam_role").map((role) => ({
      purpose: "all",
      arn: arnOf(account, textOf(role, "name")),
      trust: json(role, "assume_role_policy"),
      policy: json(
        of("aws_iam_role_policy").find(({ labels }) => labels[1] === role.labels[1]),
        "policy",
      ),
    })),
    ...(key === undefined ? {} : { kmsKeyPolicy: policyOf(textOf(key, "value")) }),
  };
}

function textOf(block: HclBlock | undefined, name: string): string {
  const value = block?.attributes[name];
  if (typeof value !== "string") throw new Error(`Cannot read Terraform: ${name} is no text`);
  return value;
}

function policyOf(statements: string): PolicyDocument {
  const Statement = JSON.parse(statements) as PolicyDocument["Statement"];
  return { Version: "2012-10-17", Statement };
}

function arnOf(account: string, name: string): string {
  return `arn:aws:iam::${account}:role/${name}`;
}
