import { listFolders } from "../source/files/folders.ts";
import { SourceFailure } from "../source/source.ts";
import type { TestStep } from "../target/target.ts";
import { connectionBucket, type ConnectionContext, type OpenedConnection } from "./open.ts";
import { openTarget } from "../target/open-target.ts";
import { bucketLocation, endpointRules } from "./settings.ts";
import { testPostgres } from "./test-postgres.ts";

/** Tries a connection for real, in named steps, and writes nothing. */
export async function testConnection(
  connection: OpenedConnection,
  context: ConnectionContext,
  signal: AbortSignal,
): Promise<readonly TestStep[]> {
  switch (connection.kind) {
    case "postgres":
      return testPostgres(connection, context, signal);
    case "files":
      return testFiles(connection, context, signal);
    case "webhook":
    case "custom":
      return testTarget(connection, context, signal);
  }
}

/** What only takes records says itself whether it is ready. */
async function testTarget(
  connection: OpenedConnection,
  context: ConnectionContext,
  signal: AbortSignal,
): Promise<readonly TestStep[]> {
  const isDeclared = endpointRules(connection, connection.region).length > 0;
  const step = {
    step: "host_in_region",
    state: isDeclared ? "passed" : "failed",
    message: isDeclared
      ? `The workspace declares that the host is in ${connection.region}.`
      : "The host is not declared to be in the region.",
  } as const;
  if (!isDeclared) return [step];
  const target = await openTarget(connection, context, signal);
  return [step, ...(await target.test(signal))];
}

async function testFiles(
  connection: OpenedConnection,
  context: ConnectionContext,
  signal: AbortSignal,
): Promise<readonly TestStep[]> {
  const step = (name: string, state: TestStep["state"], message: string): TestStep => ({
    step: name,
    state,
    message,
  });
  const { region } = connection;
  const place = bucketLocation(connection, { home: region, development: context.development });
  const inRegion =
    place?.rule.level === "declared"
      ? `The workspace declares that the bucket is in ${region}.`
      : `The bucket's address shows that it is in ${region}.`;
  try {
    const folders = await listFolders(connectionBucket(connection, context), signal);
    const found =
      folders.length === 0
        ? step("files", "warned", "There is no CSV, NDJSON or Parquet file yet.")
        : step("files", "passed", `There are ${folders.length} folders with files.`);
    const listed = step("list", "passed", "The keys may list the bucket.");
    return [step("host_in_region", "passed", inRegion), listed, found];
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error;
    const files = step("files", "skipped", "Not tried.");
    if (error.code === "refused_by_guard") {
      const list = step("list", "skipped", "Not tried.");
      return [step("host_in_region", "failed", `${error.message}.`), list, files];
    }
    const list = step("list", "failed", `${error.message}.`);
    return [step("host_in_region", "passed", inRegion), list, files];
  }
}
