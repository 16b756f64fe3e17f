import { describe, expect, it } from "vitest";

import { bucketDocuments } from "../../../../src/archive/own-bucket/policies.ts";
import type { AwsBucket } from "../../../../src/region/own-bucket.ts";

const PLATFORM = "arn:aws:iam::999988887777:user/homeport-eu";
const role = (name: string) => `arn:aws:iam::111122223333:role/homeport-${name}`;
const KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

const OWN: AwsBucket = {
  name: "own-1",
  location: "eu-west-1",
  bucket: "my-events",
  label: "eu-west-1-111122223333",
  access: { kind: "roles", writer: role("writer"), reader: role("reader"), eraser: role("eraser") },
  externalId: "f00d",
};

const FILES = "arn:aws:s3:::my-events/segment-logs/*";
const IN_FOLDER = { StringLike: { "s3:prefix": "segment-logs/*" } };

describe("bucketDocuments()", () => {
  it("lets a role be assumed by the platform with the ExternalId only", () => {
    const { roles } = bucketDocuments(OWN, PLATFORM);

    expect(new Set(roles.map(({ trust }) => JSON.stringify(trust)))).toEqual(
      new Set([
        JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "AllowHomeportWithExternalId",
              Effect: "Allow",
              Principal: { AWS: PLATFORM },
              Action: "sts:AssumeRole",
              Condition: { StringEquals: { "sts:ExternalId": "f00d" } },
            },
          ],
        }),
      ]),
    );
  });

  it("lets the writer write in its folder, and nothing else", () => {
    const [writer] = bucketDocuments(OWN, PLATFORM).roles;

    expect(writer?.policy.Statement).toEqual([
      { Sid: "WriteEvents", Effect: "Allow", Action: "s3:PutObject", Resource: FILES },
    ]);
  });

  it("lets the reader read and list in its folder, and see the bucket's settings", () => {
    const reader = bucketDocuments(OWN, PLATFORM).roles[1];

    expect(reader?.policy.Statement).toMatchObject([
      { Action: "s3:GetObject", Resource: FILES },
      { Action: "s3:ListBucket", Resource: "arn:aws:s3:::my-events", Condition: IN_FOLDER },
      { Sid: "ShowSettings", Resource: "arn:aws:s3:::my-events" },
    ]);
  });

  it("lets the eraser rewrite and delete in its folder", () => {
    const eraser = bucketDocuments(OWN, PLATFORM).roles[2];

    expect(eraser?.policy.Statement).toMatchObject([
      {
        Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"],
        Resource: FILES,
      },
      { Condition: IN_FOLDER },
    ]);
  });

  it("never names all of the bucket, all of S3 or everybody in what it allows", () => {
    const documents = bucketDocuments({ ...OWN, kmsKeyArn: KEY }, PLATFORM);

    const allowed = [
      ...documents.roles.flatMap(({ policy, trust }) => [...policy.Statement, ...trust.Statement]),
      ...documents.bucketPolicy.Statement,
    ].filter(({ Effect }) => Effect === "Allow");

    expect(JSON.stringify(allowed)).not.toMatch(/"\*"|s3:\*|my-events\/\*/);
  });

  it("says nothing of a data lake's folder to a source without one", () => {
    expect(JSON.stringify(bucketDocuments(OWN, PLATFORM))).not.toContain("segment-data");
  });

  it("lets the writer write and the eraser rewrite in a data lake's folder, the reader neither", () => {
    const { roles } = bucketDocuments({ ...OWN, dataLake: true }, PLATFORM);

    const lake = roles.map(({ policy }) =>
      policy.Statement.filter((statement) => JSON.stringify(statement).includes("segment-data/")),
    );

    const Resource = "arn:aws:s3:::my-events/segment-data/*";
    expect(lake).toMatchObject([
      [{ Action: "s3:PutObject", Resource }],
      [],
      [{ Resource }, { Condition: { StringLike: { "s3:prefix": "segment-data/*" } } }],
    ]);
  });

  it("gives every statement of a document a name of its own", () => {
    for (const access of [OWN.access, { kind: "segment", role: role("archives") } as const]) {
      const { bucketPolicy, roles } = bucketDocuments({ ...OWN, access, dataLake: true }, PLATFORM);
      for (const { Statement } of [bucketPolicy, ...roles.map(({ policy }) => policy)]) {
        expect(new Set(Statement.map(({ Sid }) => Sid)).size).toBe(Statement.length);
      }
    }
  });

  it("names no principal in the bucket's policy where roles write", () => {
    const { bucketPolicy } = bucketDocuments(OWN, PLATFORM);

    expect(bucketPolicy.Statement.map(({ Sid }) => Sid)).toEqual(["DenyUnencryptedTransport"]);
  });

  it("lets the key be used through S3 of the region only, by each role as far as it needs", () => {
    const { roles } = bucketDocuments({ ...OWN, kmsKeyArn: KEY }, PLATFORM);

    const statements = roles.map(({ policy }) => policy.Statement.at(-1));

    expect(statements.map((statement) => statement?.Action)).toEqual([
      ["kms:GenerateDataKey"],
      ["kms:Decrypt"],
      ["kms:GenerateDataKey", "kms:Decrypt"],
    ]);
    expect(statements[0]?.Condition).toEqual({
      StringEquals: { "kms:ViaService": "s3.eu-west-1.amazonaws.com" },
    });
  });

  it("gives the form that Segment has: the platform writes, one role does the rest", () => {
    const documents = bucketDocuments(
      { ...OWN, access: { kind: "segment", role: role("archives") } },
      PLATFORM,
    );

    expect(documents.bucketPolicy.Statement[0]).toEqual({
      Sid: "AllowHomeportToWrite",
      Effect: "Allow",
      Principal: { AWS: PLATFORM },
      Action: "s3:PutObject",
      Resource: FILES,
    });
    expect(documents.roles.map(({ arn }) => arn)).toEqual([role("archives")]);
  });
});
