import { ListObjectVersionsCommand, type S3Client } from "@aws-sdk/client-s3";

import { homeBucketName } from "../../../scripts/local-aws/options.ts";
import type { LocalAws } from "../../../scripts/local-aws/start.ts";
import { HOME_REGIONS } from "../../../src/region/regions.ts";

/** The setting of a bucket that keeps versions. */
export const KEEPS_VERSIONS = {
  versioning: "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
} as const;

/** What to ask for one version with; a bucket that keeps none is asked without. */
export type Version = {
  readonly key: string;
  readonly isLatest: boolean;
  readonly VersionId?: string;
};

/** Has the platform's buckets of the EU keep versions from now on. */
export async function keepVersions(aws: Pick<LocalAws, "setBucket">): Promise<void> {
  for (const location of HOME_REGIONS.eu.locations) {
    await aws.setBucket({ name: homeBucketName(location), location, settings: KEEPS_VERSIONS });
  }
}

/** Every version of every object of a bucket, as AWS's own client sees them; marks are none. */
export async function* everyVersion(
  client: S3Client,
  bucket: string,
  prefix = "",
): AsyncGenerator<Version> {
  let marker = {};
  for (;;) {
    const page = await client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...marker }),
    );
    const { Versions = [] } = page;
    for (const { Key = "", VersionId, IsLatest } of Versions) {
      const named = VersionId === undefined || VersionId === "null" ? {} : { VersionId };
      yield { key: Key, isLatest: IsLatest === true, ...named };
    }
    if (page.IsTruncated !== true) return;
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}
