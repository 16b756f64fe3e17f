import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { bucketOf, rolesOf } from "../../scripts/local-aws/from-documents.ts";
import { homeUserArn, type BucketOptions } from "../../scripts/local-aws/options.ts";
import { startLocalAws, type LocalAws } from "../../scripts/local-aws/start.ts";
import { asCloudFormation, asTerraform } from "../../src/archive/own-bucket/as-code.ts";
import { ownBucket } from "../../src/archive/own-bucket/open.ts";
import {
  bucketDocuments,
  type BucketDocuments,
  type PolicyStatement,
} from "../../src/archive/own-bucket/policies.ts";
import type { AwsBucket } from "../../src/region/own-bucket.ts";
import { KEEPS_VERSIONS } from "../support/erased/every-version.ts";
import {
  documentsOfCloudFormation,
  documentsOfTerraform,
} from "../support/own-bucket-documents.ts";
import { KEY, openingAt, OWN, SEGMENT, verifyAt } from "../support/own-bucket-ground.ts";

/** What only a bucket that keeps versions asks for. */
const VERSIONS = ["s3:DeleteObjectVersion", "s3:ListBucketVersions"];

let aws: LocalAws;

beforeAll(async () => {
  aws = await startLocalAws({ buckets: [{ name: OWN.bucket, location: OWN.location }] });
});

afterAll(async () => {
  await aws.stop();
});

/** Does at the stand-in what these documents say, whatever they are. */
async function applyDocuments(
  own: AwsBucket,
  documents: BucketDocuments,
  settings: BucketOptions["settings"] = {},
): Promise<void> {
  for (const each of rolesOf(documents)) await aws.setRole(each);
  await aws.setBucket({ ...bucketOf(own, documents), settings });
}

const FORMS: readonly (readonly [string, AwsBucket])[] = [
  ["roles", OWN],
  ["the form that Segment has", SEGMENT],
  ["roles and a data lake", { ...OWN, dataLake: true }],
  ["a data lake in the form that Segment has", { ...SEGMENT, dataLake: true }],
];

describe.each(FORMS)("what setup gives for %s", (_form, own) => {
  const documents = bucketDocuments(own, homeUserArn("eu"));

  it.each([
    ["as JSON", documents],
    [
      "as CloudFormation",
      documentsOfCloudFormation(asCloudFormation(own, documents), "111122223333"),
    ],
    ["as Terraform", documentsOfTerraform(asTerraform(own, documents), "111122223333")],
  ])("passes applied %s", async (_how, applied) => {
    await applyDocuments(own, applied);

    expect((await verifyAt(aws, own)).state).toBe("passed");
  });

  it.each([
    ["for another principal", homeUserArn("eu"), homeUserArn("us")],
    ["with another ExternalId", own.externalId, "of-somebody-else"],
    ["for another folder", "segment-logs/", "other-logs/"],
    ["for another bucket", `:::${own.bucket}`, ":::another-bucket"],
    ["for another key", KEY, KEY.replace("1234", "5678")],
    ["for the key through another region's S3", "s3.eu-west-1.amazonaws", "s3.us-east-1.amazonaws"],
  ])("fails applied %s", async (_what, right, wrong) => {
    const text = JSON.stringify(documents).replaceAll(right, wrong);
    await applyDocuments(own, JSON.parse(text) as BucketDocuments);

    expect((await verifyAt(aws, own)).state).toBe("failed");
  });

  it.each([
    ["", {}, VERSIONS],
    [", where versions are kept", KEEPS_VERSIONS, []],
  ])(
    "fails without any of the actions that files are written, read and erased with%s",
    async (_where, settings, unused) => {
      const passing: string[] = [];
      for (const [action, without] of withoutEach(documents)) {
        await applyDocuments(own, without, settings);
        if ((await verifyAt(aws, own)).state === "passed") passing.push(action);
      }

      const notTried = [...(NOT_TRIED[own.access.kind] ?? []), ...unused];
      expect([...new Set(passing)].toSorted()).toEqual(notTried.toSorted());
    },
  );
});

describe.each([OWN, SEGMENT])("what setup gives for a data lake, to $access.kind", (own) => {
  const withLake: AwsBucket = { ...own, dataLake: true };
  const documents = bucketDocuments(withLake, homeUserArn("eu"));

  it("fails as to the lake when it was applied for another folder", async () => {
    const text = JSON.stringify(documents).replaceAll("segment-data/", "other-data/");
    await applyDocuments(withLake, JSON.parse(text) as BucketDocuments);

    const { steps } = await verifyAt(aws, withLake);

    const failed = steps.filter(({ state }) => state === "failed");
    expect(failed).toMatchObject([{ step: "data-lake" }]);
  });

  it("fails when what was applied is what setup gives without one", async () => {
    await applyDocuments(withLake, bucketDocuments(own, homeUserArn("eu")));

    expect((await verifyAt(aws, withLake)).state).toBe("failed");
  });

  it("leaves nothing behind in the lake's folder", async () => {
    await applyDocuments(withLake, documents);
    const eraser = ownBucket(openingAt(aws), withLake, "eraser");
    const before = await eraser.list("segment-data/", { max: 100 });

    await verifyAt(aws, withLake);

    expect(before.ok).toBe(true);
    expect(await eraser.list("segment-data/", { max: 100 })).toEqual(before);
  });
});

/** Reading of settings, which a bucket may not have, and what another role has too. */
const SETTINGS = [
  "s3:GetBucketObjectLockConfiguration",
  "s3:GetBucketPublicAccessBlock",
  "s3:GetBucketVersioning",
  "s3:GetLifecycleConfiguration",
  "s3:GetReplicationConfiguration",
];
const NOT_TRIED: Readonly<Record<string, readonly string[]>> = {
  roles: [...SETTINGS, "s3:ListBucket"],
  segment: [...SETTINGS, "s3:GetObject", "s3:ListBucket"],
};

/** The documents without one action in one place, for each that they allow. */
function withoutEach(documents: BucketDocuments): readonly (readonly [string, BucketDocuments])[] {
  const count = actionsIn(documents).length;
  return Array.from({ length: count }, (_, left) => {
    const copy = JSON.parse(JSON.stringify(documents)) as BucketDocuments;
    const [statement, action] = actionsIn(copy)[left] ?? [];
    const actions = [statement?.Action ?? []].flat().filter((each) => each !== action);
    Object.assign(statement ?? {}, { Action: actions });
    return [action ?? "", copy] as const;
  });
}

function actionsIn({ bucketPolicy, roles, kmsKeyPolicy }: BucketDocuments) {
  const all = [bucketPolicy, ...roles.flatMap(({ trust, policy }) => [trust, policy])];
  const statements = [...all, ...(kmsKeyPolicy === undefined ? [] : [kmsKeyPolicy])]
    .flatMap(({ Statement }) => Statement)
    .filter(({ Effect }) => Effect === "Allow");
  return statements.flatMap((statement): readonly (readonly [PolicyStatement, string])[] =>
    [statement.Action].flat().map((action) => [statement, action]),
  );
}
