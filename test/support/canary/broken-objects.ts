import { gzipSync } from "node:zlib";

import { PutObjectCommand } from "@aws-sdk/client-s3";

import { homeBucketName, HOME_CREDENTIALS } from "../../../scripts/local-aws/options.ts";
import type { LocalAws } from "../../../scripts/local-aws/start.ts";
import type { TestSource } from "../homeport.ts";
import { readBucket, s3Client } from "../read-bucket.ts";
import type { Marks } from "./marks.ts";
import { askFile, changeFile, idOfName, type ObjectFile } from "./stores.ts";

const LOCATION = "eu-west-1";

/**
 * Makes objects throw in the ways that quote what they hold: JSON that is cut off, lines that do not
 * inflate, a schema from the future. Marks stand only where the data map allows them.
 */
export function breakObjects(
  files: readonly ObjectFile[],
  {
    broken,
    torn,
    syncs,
  }: {
    readonly broken: TestSource;
    readonly torn: TestSource;
    readonly syncs: { readonly syncId: string };
  },
  marks: Marks,
): void {
  const fileOf = (object: string, name: string): string => {
    const wanted = idOfName(object, `simulated:eu:${name}`);
    const found = files.find((file) => file.id === wanted);
    if (found === undefined) throw new Error(`Cannot find the file of ${object}: never made`);
    return found.path;
  };
  const name = marks.mint("name", "name that is cut off");
  const workspace = fileOf("Workspace", `workspace:${broken.workspace.id}`);
  changeFile(workspace, "UPDATE sources SET body = ?", `{"name":${name}`);
  const queue = fileOf("IngestQueue", `queue:${torn.id}:eu1:0`);
  for (const log of logsOf(queue)) {
    const text = marks.text("userId");
    changeFile(queue, `UPDATE ${log} SET compressed = 1, lines = CAST(? AS BLOB)`, text);
  }
  const sync = fileOf("Sync", `sync:${syncs.syncId}`);
  changeFile(sync, "UPDATE samples SET body = CAST(? AS BLOB)", marks.text("value of a row"));
  const future =
    "INSERT INTO applied_migrations (position, id) VALUES (99, '9999-from-the-future')";
  changeFile(fileOf("Archive", `archive:${torn.id}`), future);
}

function logsOf(path: string): readonly string[] {
  const sql =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'log~_%' ESCAPE '~'";
  return askFile(path, sql).map(({ name }) => String(name));
}

/** Overwrites the source's archive files with lines that name events and are no JSON. */
export async function damageFiles(
  aws: Pick<LocalAws, "endpoints">,
  sourceId: string,
  marks: Marks,
): Promise<void> {
  const access = {
    endpoint: aws.endpoints[LOCATION],
    location: LOCATION,
    credentials: HOME_CREDENTIALS.eu,
  };
  const bucket = homeBucketName(LOCATION);
  const client = s3Client(access);
  for (const { key, text } of await readBucket(access, bucket, `segment-logs/${sourceId}/`)) {
    const lines = text.split("\n").map((line) => line.replace(/^\{/, `{${marks.text("e-mail")}`));
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: gzipSync(lines.join("\n")),
        ContentType: "text/plain",
        ContentEncoding: "gzip",
      }),
    );
  }
  client.destroy();
}
