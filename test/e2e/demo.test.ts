import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import {
  PLANTED_FAULTS,
  SYNC_FAULTS,
  type OwnBucketFault,
} from "../../scripts/demo/planted-faults.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));

type Outcome = { readonly code: number; readonly lastLine: string; readonly output: string };

/** Runs `npm run demo -- --once` as a user would, with a fault planted or none. */
function runDemo(fault = "", ...flags: readonly string[]): Promise<Outcome> {
  const env = { ...process.env, PLANT_FAULT: fault, PORT: undefined };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [DEMO, "--once", ...flags],
      { env },
      (_error, stdout) => {
        const lastLine = stdout.trimEnd().split("\n").at(-1) ?? "";
        resolve({ code: child.exitCode ?? -1, lastLine, output: stdout });
      },
    );
  });
}

describe("npm run demo -- --once", () => {
  it("exits 0 and ends with one JSON line whose numbers are right", async () => {
    const { code, lastLine, output } = await runDemo();

    expect(code, output).toBe(0);
    expect(JSON.parse(lastLine)).toEqual({
      sent: 3300,
      accepted: 3000,
      duplicates: 300,
      wrongRegion: 25,
      archived: { eu: 1500, us: 1500 },
      files: {
        eu: expect.arrayContaining([expect.stringMatching(/^eu-west-1\/segment-logs\/src_eu_/)]),
        us: expect.arrayContaining([expect.stringMatching(/^us-west-2\/segment-logs\/src_us_/)]),
      },
      outsideRegion: 0,
      delivered: {
        eu: { webhook: 1500, amplitude: 900, customerio: 900 },
        us: { webhook: 1500, amplitude: 900, customerio: 900 },
      },
    });
  }, 180_000);

  it.each(PLANTED_FAULTS)(
    "exits non-zero when %s is planted",
    async (fault) => {
      const { code, output } = await runDemo(fault);

      expect(code, output).toBe(1);
      expect(output).toContain("NOT right:");
    },
    180_000,
  );

  it("shows a fail-over, and ends with the same line and the numbers of it", async () => {
    const { code, lastLine, output } = await runDemo("", "--failover");

    expect(code, output).toBe(0);
    expect(JSON.parse(lastLine)).toMatchObject({
      duplicates: 300,
      outsideRegion: 0,
      files: { eu: expect.arrayContaining([expect.stringMatching(/^eu-central-1\//)]) },
      failover: { eventsPerSecond: 200, lost: 0, twice: 0, suspectsLeft: 0, back: true },
    });
  }, 180_000);

  it("walks an own bucket's setup, and ends with the same line and what was deleted and replayed", async () => {
    const { code, lastLine, output } = await runDemo("", "--own-bucket");

    expect(code, output).toBe(0);
    expect(output).toMatch(/passed +external-id/);
    expect(JSON.parse(lastLine)).toMatchObject({
      duplicates: 300,
      wrongRegion: 25,
      archived: { eu: 1500, us: 1500 },
      files: { eu: expect.arrayContaining([expect.stringMatching(/^eu-west-1\/segment-logs\//)]) },
      outsideRegion: 0,
      deleted: 8,
      replayed: 1492,
    });
  }, 300_000);

  // What judges the other two is tested with data: each run takes as long as a deletion does.
  it.each<OwnBucketFault>(["kept-line", "lost-replay"])(
    "exits non-zero when %s is planted in the customer's bucket",
    async (fault) => {
      const { code, output } = await runDemo(fault, "--own-bucket");

      expect(code, output).toBe(1);
      expect(output).toMatch(/NOT right:\n(?: {2}- .*\n)*? {2}- own bucket: /);
    },
    300_000,
  );

  it("shows a sync's four steps, and ends with the same line and what was sent", async () => {
    const { code, lastLine, output } = await runDemo("", "--sync");

    expect(code, output).toBe(0);
    expect(output).toMatch(
      /identify completed \d+, unload completed \d+, load completed \d+, report completed/,
    );
    expect(JSON.parse(lastLine)).toMatchObject({
      duplicates: 300,
      outsideRegion: 0,
      sync: { planned: 20_021, accepted: 20_019, rejected: 2, invalid: 2 },
    });
  }, 300_000);

  it.each(SYNC_FAULTS)(
    "exits non-zero when %s is planted in a sync",
    async (fault) => {
      const { code, output } = await runDemo(fault, "--sync");

      expect(code, output).toBe(1);
      expect(output).toMatch(/NOT right:\n(?: {2}- .*\n)*? {2}- sync: /);
    },
    300_000,
  );

  it("refuses a fault it does not know", async () => {
    expect((await runDemo("typo")).code).toBe(1);
  });
});
