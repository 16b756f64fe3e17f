import {
  PARQUET_FOLDER,
  type AwsBucket,
  type OwnBucket,
  type OwnBucketRole,
} from "../../region/own-bucket.ts";

/** One statement of an IAM document. */
export type PolicyStatement = {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: { readonly AWS: string } | "*";
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

export type PolicyDocument = {
  readonly Version: "2012-10-17";
  readonly Statement: readonly PolicyStatement[];
};

/** A role the customer makes: whom it trusts and what it may do. */
export type RoleDocuments = {
  readonly purpose: OwnBucketRole | "all";
  readonly arn: string;
  readonly trust: PolicyDocument;
  readonly policy: PolicyDocument;
};

/** Every document of one bucket. */
export type BucketDocuments = {
  readonly bucketPolicy: PolicyDocument;
  readonly roles: readonly RoleDocuments[];
  /** For the policy of the KMS key; absent without one. */
  readonly kmsKeyPolicy?: PolicyDocument;
};

/** The folder that the archive is in, as Segment has it. */
export const OWN_BUCKET_FOLDER = "segment-logs/";

/** The folders of a bucket that anything of ours is in. */
export function foldersOf({ dataLake }: Pick<OwnBucket, "dataLake">): readonly string[] {
  return dataLake === true ? [OWN_BUCKET_FOLDER, PARQUET_FOLDER] : [OWN_BUCKET_FOLDER];
}

/** The settings of a bucket that verification looks at, by the action that shows each. */
const SETTINGS_READ = [
  "s3:GetBucketLocation",
  "s3:GetBucketObjectLockConfiguration",
  "s3:GetBucketPublicAccessBlock",
  "s3:GetBucketVersioning",
  "s3:GetLifecycleConfiguration",
  "s3:GetReplicationConfiguration",
] as const;

const KMS_ACTIONS: Readonly<Record<OwnBucketRole, readonly string[]>> = {
  writer: ["kms:GenerateDataKey"],
  reader: ["kms:Decrypt"],
  eraser: ["kms:GenerateDataKey", "kms:Decrypt"],
};

/** What has to be applied at AWS so that `own` can be used and nothing besides it. */
export function bucketDocuments(own: AwsBucket, platformArn: string): BucketDocuments {
  const { access } = own;
  const roles =
    access.kind === "roles"
      ? (["writer", "reader", "eraser"] as const).map((purpose) => ({
          purpose,
          arn: access[purpose],
          trust: trustPolicy(platformArn, own.externalId),
          policy: rolePolicy(own, [purpose]),
        }))
      : [
          {
            purpose: "all" as const,
            arn: access.role,
            trust: trustPolicy(platformArn, own.externalId),
            policy: rolePolicy(own, ["reader", "eraser"]),
          },
        ];
  return {
    bucketPolicy: bucketPolicy(own, platformArn),
    roles,
    ...(own.kmsKeyArn === undefined
      ? {}
      : { kmsKeyPolicy: document(kmsKeyStatements(own, platformArn)) }),
  };
}

function trustPolicy(platformArn: string, externalId: string): PolicyDocument {
  return document([
    {
      Sid: "AllowHomeportWithExternalId",
      Effect: "Allow",
      Principal: { AWS: platformArn },
      Action: "sts:AssumeRole",
      Condition: { StringEquals: { "sts:ExternalId": externalId } },
    },
  ]);
}

function bucketPolicy(own: AwsBucket, platformArn: string): PolicyDocument {
  const write = foldersOf(own).map((folder) => ({
    ...writeStatement(
      folder === PARQUET_FOLDER ? "AllowHomeportToWriteDataLake" : "AllowHomeportToWrite",
      own,
      folder,
    ),
    Principal: { AWS: platformArn },
  }));
  const deny: PolicyStatement = {
    Sid: "DenyUnencryptedTransport",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [bucketArn(own), `${bucketArn(own)}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  return document(own.access.kind === "segment" ? [...write, deny] : [deny]);
}

function rolePolicy(own: OwnBucket, purposes: readonly OwnBucketRole[]): PolicyDocument {
  const kms = [...new Set(purposes.flatMap((purpose) => KMS_ACTIONS[purpose]))];
  return document([
    ...purposes.flatMap((purpose) => ROLE_STATEMENTS[purpose](own)),
    ...(own.dataLake === true ? purposes.flatMap((purpose) => LAKE_STATEMENTS[purpose](own)) : []),
    ...(own.kmsKeyArn === undefined ? [] : [kmsStatement(own, own.kmsKeyArn, kms)]),
  ]);
}

const ROLE_STATEMENTS: Readonly<
  Record<OwnBucketRole, (own: OwnBucket) => readonly PolicyStatement[]>
> = {
  writer: (own) => [writeStatement("WriteEvents", own, OWN_BUCKET_FOLDER)],
  reader: (own) => [
    {
      Sid: "ReadEvents",
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: filesIn(own, OWN_BUCKET_FOLDER),
    },
    listStatement("ListEvents", "s3:ListBucket", own, OWN_BUCKET_FOLDER),
    { Sid: "ShowSettings", Effect: "Allow", Action: SETTINGS_READ, Resource: bucketArn(own) },
  ],
  eraser: (own) =>
    eraseStatements("RewriteAndDeleteEvents", "ListVersions", own, OWN_BUCKET_FOLDER),
};

/** What a data lake needs besides. Nothing but a deletion ever reads one, so the reader gets nothing. */
const LAKE_STATEMENTS: typeof ROLE_STATEMENTS = {
  writer: (own) => [writeStatement("WriteDataLake", own, PARQUET_FOLDER)],
  reader: () => [],
  eraser: (own) =>
    eraseStatements("RewriteAndDeleteDataLake", "ListDataLakeVersions", own, PARQUET_FOLDER),
};

function writeStatement(sid: string, own: OwnBucket, folder: string): PolicyStatement {
  return { Sid: sid, Effect: "Allow", Action: "s3:PutObject", Resource: filesIn(own, folder) };
}

function eraseStatements(
  sid: string,
  listSid: string,
  own: OwnBucket,
  folder: string,
): readonly PolicyStatement[] {
  return [
    {
      Sid: sid,
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"],
      Resource: filesIn(own, folder),
    },
    listStatement(listSid, ["s3:ListBucket", "s3:ListBucketVersions"], own, folder),
  ];
}

function listStatement(
  sid: string,
  actions: string | readonly string[],
  own: OwnBucket,
  folder: string,
): PolicyStatement {
  return {
    Sid: sid,
    Effect: "Allow",
    Action: actions,
    Resource: bucketArn(own),
    Condition: { StringLike: { "s3:prefix": `${folder}*` } },
  };
}

/** Only through S3 of the bucket's own region, so that the key opens nothing else. */
function kmsStatement(
  { location }: OwnBucket,
  kmsKeyArn: string,
  actions: readonly string[],
): PolicyStatement {
  return {
    Sid: "UseKmsKey",
    Effect: "Allow",
    Action: actions,
    Resource: kmsKeyArn,
    Condition: { StringEquals: { "kms:ViaService": `s3.${location}.amazonaws.com` } },
  };
}

function kmsKeyStatements(own: AwsBucket, platformArn: string): readonly PolicyStatement[] {
  const { access } = own;
  const users =
    access.kind === "roles"
      ? (["writer", "reader", "eraser"] as const).map((purpose) => ({
          sid: `AllowHomeport${purpose}`,
          arn: access[purpose],
          actions: KMS_ACTIONS[purpose],
        }))
      : [
          { sid: "AllowHomeportToWrite", arn: platformArn, actions: KMS_ACTIONS.writer },
          { sid: "AllowHomeportRole", arn: access.role, actions: KMS_ACTIONS.eraser },
        ];
  return users.map(({ sid, arn, actions }) => ({
    ...kmsStatement(own, "*", actions),
    Sid: sid,
    Principal: { AWS: arn },
  }));
}

/** Ends in `/*`, or S3 would take it for a file of that very name. */
function filesIn(own: OwnBucket, folder: string): string {
  return `${bucketArn(own)}/${folder}*`;
}

function bucketArn({ bucket }: OwnBucket): string {
  return `arn:aws:s3:::${bucket}`;
}

function document(statements: readonly PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}
