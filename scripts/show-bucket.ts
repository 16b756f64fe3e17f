import { readBucket, type ReadFile } from "../test/support/read-bucket.ts";
import { credentialsAt, homeBucketName, LOCATIONS } from "./local-aws/options.ts";
import { devPort } from "./stack/ports.ts";

/**
 * `npm run bucket`: reads all four local buckets with AWS's own client and prints what is in them,
 * so that where an event ended up can be seen without asking the product. A word after `--` shows
 * only lines that hold it. `PORT` names the stack, as it does for `npm run dev`.
 */
async function main(): Promise<number> {
  const [wanted = ""] = process.argv.slice(2);
  const port = devPort(process.env);
  for (const [index, location] of LOCATIONS.entries()) {
    const bucket = homeBucketName(location);
    const endpoint = `http://127.0.0.1:${port + 1 + index}`;
    const credentials = credentialsAt(location);
    const files = await readBucket({ endpoint, location, credentials }, bucket);
    console.log(describe(bucket, files, wanted));
  }
  return 0;
}

/** Lines of one file that are printed; a file may hold hundreds of thousands. */
const LINES_SHOWN_MAX = 10;

function describe(bucket: string, files: readonly ReadFile[], wanted: string): string {
  const events = files.reduce((sum, file) => sum + file.lines.length, 0);
  const shown = files.flatMap((file) => describeFile(file, wanted));
  return [`${bucket}: ${events} events in ${files.length} files`, ...shown].join("\n");
}

function describeFile({ key, lines }: ReadFile, wanted: string): readonly string[] {
  const held = lines.map((line) => JSON.stringify(line)).filter((line) => line.includes(wanted));
  if (held.length === 0) return [];
  const shown = held.slice(0, LINES_SHOWN_MAX).map((line) => `    ${line}`);
  const rest = held.length - shown.length;
  return [`  ${key}`, ...shown, ...(rest > 0 ? [`    and ${rest} lines more`] : [])];
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    console.error(`Cannot read the buckets: ${why}. Is the stack running, and is PORT its port?`);
    process.exit(1);
  },
);
