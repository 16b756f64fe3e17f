import { describe, expect, it } from "vitest";

import { asCloudFormation, asTerraform } from "../../../../src/archive/own-bucket/as-code.ts";
import { bucketDocuments } from "../../../../src/archive/own-bucket/policies.ts";
import { proposedRoles } from "../../../../src/archive/own-bucket/proposed-roles.ts";
import type { AwsBucket } from "../../../../src/region/own-bucket.ts";
import { parseHcl, type HclBlock, type HclValue } from "../../../support/hcl.ts";
import {
  documentsOfCloudFormation,
  documentsOfTerraform,
  type CfnTemplate,
} from "../../../support/own-bucket-documents.ts";

const ACCOUNT = "111122223333";
const PLATFORM = "arn:aws:iam::999988887777:user/homeport-eu";
const KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
const PLACE = { sourceId: "src_eu_x", bucket: "my-events" };

const WITH_ROLES: AwsBucket = {
  name: "own-1",
  location: "eu-west-1",
  bucket: "my-events",
  label: "eu-west-1-111122223333",
  access: proposedRoles("roles", ACCOUNT, PLACE),
  externalId: "f00d",
  kmsKeyArn: KEY,
};
const { kmsKeyArn: _kmsKeyArn, ...WITHOUT_KEY } = WITH_ROLES;
const FORMS: readonly (readonly [string, AwsBucket])[] = [
  ["roles and a key", WITH_ROLES],
  ["roles", WITHOUT_KEY],
  ["roles and a data lake", { ...WITH_ROLES, dataLake: true }],
  [
    "the form that Segment has",
    { ...WITH_ROLES, access: proposedRoles("segment", ACCOUNT, PLACE), externalId: "ws_eu_x" },
  ],
];

/** Properties that CloudFormation knows of each type, with a ! those that it wants. */
const CFN_PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  "AWS::S3::Bucket": ["BucketName", "BucketEncryption", "PublicAccessBlockConfiguration", "Tags"],
  "AWS::S3::BucketPolicy": ["Bucket!", "PolicyDocument!"],
  "AWS::IAM::Role": ["AssumeRolePolicyDocument!", "RoleName", "Policies", "Tags"],
};
/** The same of Terraform's provider. */
const TERRAFORM_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  aws_s3_bucket: ["bucket", "tags"],
  aws_s3_bucket_public_access_block: [
    "bucket!",
    "block_public_acls",
    "block_public_policy",
    "ignore_public_acls",
    "restrict_public_buckets",
  ],
  aws_s3_bucket_policy: ["bucket!", "policy!"],
  aws_s3_bucket_server_side_encryption_configuration: ["bucket!"],
  aws_iam_role: ["name", "assume_role_policy!", "tags"],
  aws_iam_role_policy: ["name", "role!", "policy!"],
};

/** What of `given` is not known, and what is wanted and not there. */
function wrongNames(known: readonly string[] | undefined, given: readonly string[]) {
  const names = (known ?? []).map((name) => name.replace("!", ""));
  const wanted = (known ?? []).filter((name) => name.endsWith("!"));
  return [
    ...given.filter((name) => !names.includes(name)),
    ...wanted.filter((name) => !given.includes(name.replace("!", ""))),
  ];
}

function referencesIn(value: HclValue): readonly (readonly string[])[] {
  if (typeof value !== "object") return [];
  if (Array.isArray(value["reference"])) return [value["reference"] as readonly string[]];
  return Object.values(value).flatMap((each) => referencesIn(each as HclValue));
}

describe.each(FORMS)("asCloudFormation() for %s", (_form, own) => {
  const documents = bucketDocuments(own, PLATFORM);
  const text = asCloudFormation(own, documents);
  const template = JSON.parse(text) as CfnTemplate;

  it("has only resources and properties that CloudFormation knows, and all that it wants", () => {
    const wrong = Object.values(template.Resources).flatMap(({ Type, Properties }) =>
      wrongNames(CFN_PROPERTIES[Type], Object.keys(Properties)).map((name) => `${Type} ${name}`),
    );

    expect(wrong).toEqual([]);
  });

  it("refers to nothing that it does not declare", () => {
    const referred = [
      ...text.matchAll(/"Ref": "(\w+)"/g),
      ...text.matchAll(/"Fn::GetAtt": \[\s*"(\w+)"/g),
    ].map(([, name = ""]) => name);

    expect(referred.filter((name) => !(name in template.Resources))).toEqual([]);
    expect(referred).toHaveLength(1 + documents.roles.length);
  });

  it("applies every document as setup has it", () => {
    const applied = documentsOfCloudFormation(text, ACCOUNT);

    const roles = documents.roles.map((role) => ({ ...role, purpose: "all" }));
    expect(applied).toEqual({ ...documents, roles });
  });

  it("carries the label on all that it makes, and keeps the bucket when it goes", () => {
    const tagged = Object.values(template.Resources).filter(({ Properties }) =>
      JSON.stringify(Properties["Tags"] ?? "").includes(own.label),
    );

    expect(tagged).toHaveLength(1 + documents.roles.length);
    expect(template.Resources["HomeportBucket"]).toMatchObject({ DeletionPolicy: "Retain" });
  });
});

describe.each(FORMS)("asTerraform() for %s", (_form, own) => {
  const documents = bucketDocuments(own, PLATFORM);
  const text = asTerraform(own, documents);
  const blocks = parseHcl(text);
  const resources = blocks.filter(({ type }) => type === "resource");

  it("has only resources and arguments that the provider knows, and all that it wants", () => {
    const wrong = resources.flatMap(({ labels: [type = ""], attributes }) =>
      wrongNames(TERRAFORM_ARGUMENTS[type], Object.keys(attributes)).map(
        (name) => `${type} ${name}`,
      ),
    );

    expect(wrong).toEqual([]);
  });

  it("refers to nothing that it does not declare", () => {
    const declared = resources.map(({ labels }) => labels.join("."));
    const all = (block: HclBlock): readonly HclValue[] => [
      ...Object.values(block.attributes),
      ...block.blocks.flatMap(all),
    ];
    const referred = blocks.flatMap(all).flatMap(referencesIn);

    expect(referred.length).toBeGreaterThan(2);
    expect(referred.filter(([type, name]) => !declared.includes(`${type}.${name}`))).toEqual([]);
  });

  it("applies every document as setup has it", () => {
    const applied = documentsOfTerraform(text, ACCOUNT);

    const roles = documents.roles.map((role) => ({ ...role, purpose: "all" }));
    expect(applied).toEqual({ ...documents, roles });
  });
});

describe("asTerraform()", () => {
  it("leaves nothing that Terraform would take for an expression", () => {
    const externalId = "${path.root}%{if true}";
    const own = { ...WITHOUT_KEY, externalId };

    const text = asTerraform(own, bucketDocuments(own, PLATFORM));

    expect(text).not.toMatch(/(?<!\$)\$\{|(?<!%)%\{/);
    expect(JSON.stringify(documentsOfTerraform(text, ACCOUNT))).toContain(externalId);
  });
});

describe("proposedRoles()", () => {
  it("names roles apart for each bucket and each source, since each trusts one ExternalId", () => {
    const names = [
      proposedRoles("roles", ACCOUNT, PLACE),
      proposedRoles("roles", ACCOUNT, { ...PLACE, bucket: "my-other-events" }),
      proposedRoles("roles", ACCOUNT, { ...PLACE, sourceId: "src_eu_y" }),
    ].map((access) => JSON.stringify(access));

    expect(new Set(names).size).toBe(3);
  });
});
