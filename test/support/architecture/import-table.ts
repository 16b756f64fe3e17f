import { importsOf, type SourceFiles } from "./source-files.ts";

/**
 * Left may import right: folders with all that is below them, or single files. What is not listed
 * may not be imported, and a folder that is not listed may import nothing of ours.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/core": [],
  "src/region": ["src/core"],
  "src/telemetry": ["src/core"],
  "src/egress": ["src/core", "src/region"],
  "src/s3": ["src/core", "src/region", "src/egress"],
  // A file that is read back is hashed as its events were when they came in, or a rebuilt filter
  // would miss users: so the archive shares these with ingest, and nothing else of it.
  "src/archive": [
    "src/core",
    "src/region",
    "src/s3",
    "src/egress",
    "src/ingest/append.ts",
    "src/ingest/event-hashes.ts",
    "src/ingest/event-view.ts",
    "src/ingest/member-names.ts",
  ],
  // Copies of events are erased by the same reading of who an event is about as the archive is.
  "src/deliver": [
    "src/core",
    "src/region",
    "src/egress",
    "src/s3",
    "src/telemetry",
    "src/archive/event-users.ts",
    "src/archive/read-lines.ts",
    "src/archive/subjects.ts",
  ],
  // What is reported of egress is part of what a workspace shows of itself.
  "src/regulation": ["src/core"],
  // Files of a source are read as those of the archive are: gzipped or not, block by block.
  "src/sync": [
    "src/core",
    "src/region",
    "src/egress",
    "src/s3",
    "src/deliver",
    "src/telemetry",
    "src/archive/read-lines.ts",
    "src/regulation/stores.ts",
  ],
  "src/replay": ["src/core", "src/region", "src/archive", "src/deliver"],
  "src/workspace": [
    "src/core",
    "src/archive/own-bucket",
    "src/region",
    "src/egress/evidence.ts",
    "src/deliver",
    "src/regulation",
    "src/replay",
    "src/sync",
  ],
  "src/residency": ["src/core", "src/region", "src/egress/evidence.ts", "src/workspace"],
  "src/ingest": ["src/core", "src/region", "src/workspace", "src/telemetry"],
  "src/ingest/queue": [
    "src/core",
    "src/region",
    "src/workspace",
    "src/archive",
    "src/s3",
    "src/telemetry",
    "src/ingest",
  ],
  "src/api": [
    "src/core",
    "src/region",
    "src/telemetry",
    "src/egress",
    "src/s3",
    "src/archive",
    "src/deliver",
    "src/regulation",
    "src/replay",
    "src/sync",
    "src/workspace",
    "src/ingest",
    "src/sdk",
    "src/config.ts",
    "src/version.ts",
    "src/residency",
  ],
  "src/sdk": ["src/core", "src/region", "src/workspace", "src/ingest"],
  "src/config.ts": ["src/core", "src/region"],
  "src/version.ts": [],
  "src/services.ts": [],
  "src/index.ts": [
    "src/core",
    "src/region",
    "src/egress",
    "src/telemetry",
    "src/archive",
    "src/workspace",
    "src/ingest",
    "src/sdk",
    "src/api",
    "src/config.ts",
    "durable-objects",
  ],
  "durable-objects": [
    "src/core",
    "src/region",
    "src/telemetry",
    "src/egress",
    "src/s3",
    "src/archive",
    "src/deliver",
    "src/regulation",
    "src/replay",
    "src/sync",
    "src/workspace",
    "src/ingest",
    "src/config.ts",
    "src/version.ts",
  ],
};

/** Ports and settings as types: whoever needs them may know their shape, not how they come about. */
const TYPES_FOR_ALL = ["src/services.ts", "src/config.ts"];
/** The lowest folders know nothing of what is built on them, not even as types. */
const KNOWS_NO_TYPES = ["src/core", "src/region"];
/** Ports speak of what passes through them, so they may name types of any folder of src. */
const NAMES_ANY_TYPE = "src/services.ts";

/** Imports that the table does not allow, one sentence each. */
export function importViolations(files: SourceFiles): readonly string[] {
  const violations: string[] = [];
  for (const [path, text] of files) {
    if (!path.startsWith("src/") && !path.startsWith("durable-objects/")) continue;
    for (const { target, isType } of importsOf(path, text)) {
      if (!/^[a-z-]+\//.test(target) || !target.endsWith(".ts")) continue;
      if (!mayImport(path, target, isType)) violations.push(`${path} may not import ${target}`);
    }
  }
  return violations;
}

function mayImport(path: string, target: string, isType: boolean): boolean {
  const folder = folderOf(path);
  if (folder === undefined) return false;
  if (folderOf(target) === folder) return true;
  if (isType && path === NAMES_ANY_TYPE) return target.startsWith("src/");
  if (isType && TYPES_FOR_ALL.includes(target)) return !KNOWS_NO_TYPES.includes(folder);
  return (MAY_IMPORT[folder] ?? []).some((allowed) => isWithin(target, allowed));
}

/** The entry of the table that a file falls under: the longest one that holds it. */
function folderOf(path: string): string | undefined {
  const holders = Object.keys(MAY_IMPORT).filter((entry) => isWithin(path, entry));
  return holders.toSorted((a, b) => b.length - a.length)[0];
}

function isWithin(path: string, entry: string): boolean {
  return path === entry || path.startsWith(`${entry}/`);
}
