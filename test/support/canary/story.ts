import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { OutboundCall } from "../../../scripts/stack/recorder.ts";
import { openHomeport } from "../homeport.ts";
import type { ListedOperation } from "../matrix/operations.ts";
import {
  dieUnderLoad,
  runWithWrongSettings,
  sufferFaults,
  useBroken,
  useEverything,
  type Answered,
} from "./acts.ts";
import { breakObjects } from "./broken-objects.ts";
import { CanaryRun } from "./canary-run.ts";
import { readAllowances } from "./data-map.ts";
import { mintVendorMarks, talkativeFaults } from "./faults.ts";
import type { Piece } from "./find-marks.ts";
import { Marks } from "./marks.ts";
import { namelessAmong } from "./object-names.ts";
import { mintEventMarks } from "./shapes.ts";
import { Stage } from "./stage.ts";
import { askFile, filesOf, objectFiles, objectsIn, tablesOf, type ObjectFile } from "./stores.ts";
import { meetQuotingErrors, mintSyncMarks, type QuotedRuns } from "./syncs.ts";

/** What a whole run left behind. */
export type Story = {
  readonly marks: Marks;
  readonly pieces: readonly Piece[];
  /** Operations of the API, and shapes of tracking, that did what they are for. */
  readonly succeeded: ReadonlySet<string>;
  readonly operations: readonly ListedOperation[];
  /** Names of the parameters that stand in a path or a query. */
  readonly parameters: readonly string[];
  readonly faults: readonly string[];
  /** Those that met a file on its way into the archive. */
  readonly faultsMet: ReadonlySet<string>;
  /** Runs of syncs whose source or destination quoted what it holds. */
  readonly quotedRuns: QuotedRuns;
  readonly output: readonly string[];
  readonly files: readonly ObjectFile[];
  /** Files of objects whose names are none of those that ids of ours make. */
  readonly namelessFiles: readonly ObjectFile[];
  /** Answers to requests while the settings were wrong. */
  readonly whileWrong: readonly Answered[];
};

/** Runs everything once and reads everything back. */
export async function tellStory(): Promise<Story> {
  const stateDir = await mkdtemp(join(tmpdir(), "homeport-canary-"));
  try {
    return await tellIn(stateDir);
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function tellIn(stateDir: string): Promise<Story> {
  const marks = new Marks();
  mintEventMarks(marks);
  mintVendorMarks(marks);
  mintSyncMarks(marks);
  const faults = talkativeFaults(marks);
  const stage = new Stage(marks, stateDir);
  const stack = await stage.start();
  const run = new CanaryRun(openHomeport(stack), marks);
  const operations = await run.listOperations();
  const sources = await useEverything(run, stack);
  const quotedRuns = await meetQuotingErrors(run, sources.main.workspace, stack.aws);
  const faultsMet = await sufferFaults(stage, run, stack, sources, faults);
  await dieUnderLoad(stage, run, stack, sources);
  await stack.stop();
  const whileWrong = await runWithWrongSettings(stage, sources.broken);
  learnKeys(objectFiles(stateDir), marks);
  breakObjects(objectFiles(stateDir), sources, marks);
  const last = await stage.start();
  const { answers } = await useBroken(stage, last, sources);
  const allowances = readAllowances();
  const objects = await objectsIn(last.aws, allowances);
  await last.stop();
  const files = objectFiles(stateDir);
  return {
    marks,
    pieces: [
      ...run.answers,
      ...answers,
      { area: "output", where: "workerd", values: stage.output, mayHold: [] },
      ...stage.calls().flatMap(piecesOfCall),
      ...objects,
      ...tablesOf(files, allowances),
      ...filesOf(files, allowances),
    ],
    succeeded: run.succeeded,
    operations,
    parameters: run.parameters(),
    faults: Object.keys(faults),
    faultsMet,
    quotedRuns,
    output: stage.output,
    files,
    namelessFiles: namelessAmong(files),
    whileWrong,
  };
}

/** Keys that objects made for themselves; only their files show them. */
function learnKeys(files: readonly ObjectFile[], marks: Marks): void {
  for (const { path } of files.filter(({ object }) => object === "Workspace")) {
    for (const { body } of askFile(path, "SELECT body FROM sources")) {
      const { fingerprintKey } = JSON.parse(String(body)) as { readonly fingerprintKey: string };
      marks.learn("fingerprint-key", "fingerprint key", fingerprintKey);
    }
    for (const row of askFile(path, "SELECT private_key FROM audit_keys")) {
      marks.learn("audit-key", "key of the audit chain", String(row["private_key"]));
    }
  }
}

/**
 * What others see of a request: where it goes and its headers; nobody may be named in either. The
 * header that says who sends may hold what the vendor gave for it, and that only.
 */
function piecesOfCall({
  host,
  method,
  path,
  query,
  headers: { authorization = "", ...headers },
}: OutboundCall): readonly Piece[] {
  const where = `${method} ${host}`;
  const values = [host + path + query, JSON.stringify(headers)];
  return [
    { area: "request that went out", where, values, mayHold: [] },
    { area: "authorization", where, values: [authorization], mayHold: ["vendor-secret"] },
  ];
}
