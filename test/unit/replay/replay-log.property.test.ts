import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { FileFaultError } from "../../../src/archive/read-lines.ts";
import type { Cursor, ReplayFile, ReplayFiles } from "../../../src/replay/replay-files.ts";
import { ReplayLog, type OpenedFile } from "../../../src/replay/replay-log.ts";

const MAX = { events: 3, bytes: 1_000_000 };

/** What outlives a crash: the position, and the files in hand. */
class Disk implements ReplayFiles {
  position = 0;
  files: { readonly file: ReplayFile; isDone: boolean }[] = [];
  at: Cursor = {};

  current(): ReplayFile | undefined {
    return this.files.find(({ isDone }) => !isDone)?.file;
  }

  cursor(): Cursor {
    return this.at;
  }

  begin(found: Omit<ReplayFile, "firstSeq">, firstSeq: number): ReplayFile {
    const file = { ...found, firstSeq };
    this.files = [{ file, isDone: false }];
    this.at = found.after;
    return file;
  }

  finish(): void {
    for (const held of this.files) held.isDone = true;
  }
}

/** Files of lines; a line that begins with "x" was not asked for. */
class World {
  readonly disk = new Disk();
  readonly sent: string[] = [];
  readonly #contents: readonly (readonly string[])[];
  nowMs = 0;
  rate: number | undefined;
  open: (file: ReplayFile) => OpenedFile = (file) => this.lines(file);

  constructor(contents: readonly (readonly string[])[]) {
    this.#contents = contents;
  }

  log(): ReplayLog {
    const { disk } = this;
    return new ReplayLog({
      files: disk,
      position: () => disk.position,
      pass: (seq) => (disk.position = seq),
      mayOpen: async () => undefined,
      next: async () => {
        const id = (disk.at["2026-11"] ?? 0) + 1;
        if (this.#contents[id - 1] === undefined) return undefined;
        const after = { "2026-11": id };
        return { key: String(id), location: "eu-west-1", before: disk.at, after };
      },
      open: async (file) => this.open(file),
      select: (line) => (line.startsWith("x") ? undefined : {}),
      noteError: () => undefined,
      isOver: () => false,
      now: () => this.nowMs,
      rate: this.rate,
    });
  }

  lines({ key }: Pick<ReplayFile, "key">): OpenedFile {
    const content = this.#contents[Number(key) - 1] ?? [];
    return { kind: "open", lines: inPairs(content) };
  }

  wanted(): readonly string[] {
    return this.#contents.flat().filter((line) => !line.startsWith("x"));
  }

  /** Reads on to the end; `crashes` says before which blocks everything in memory is lost. */
  async run(crashes: readonly boolean[] = []): Promise<void> {
    let log = this.log();
    const left = [...crashes];
    for (;;) {
      const peek = await log.peek(MAX);
      if (peek.kind === "none") return;
      if (peek.kind === "unavailable") {
        this.nowMs = Math.max(this.nowMs, peek.againAtMs);
        continue;
      }
      this.sent.push(...peek.entries.map(({ line }) => line));
      if (left.shift() === true) {
        log = this.log();
        continue;
      }
      this.disk.position = peek.lastSeq;
      log.advance(peek.lastSeq);
    }
  }
}

async function* inPairs(lines: readonly string[]): AsyncGenerator<readonly string[]> {
  for (let from = 0; from < lines.length; from += 2) {
    yield lines.slice(from, from + 2);
  }
}

const contents = fc
  .array(fc.array(fc.boolean(), { maxLength: 9 }), { maxLength: 6 })
  .map((files) =>
    files.map((lines, file) => lines.map((isAsked, i) => `${isAsked ? "e" : "x"}${file}-${i}`)),
  );

describe("ReplayLog", () => {
  it("gives every line that was asked for once, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (files) => {
        const world = new World(files);
        await world.run();
        expect(world.sent).toEqual(world.wanted());
      }),
    );
  });

  it("leaves nothing out, and brings nothing else, whenever it dies", async () => {
    await fc.assert(
      fc.asyncProperty(
        contents,
        fc.array(fc.boolean(), { maxLength: 30 }),
        async (files, crashes) => {
          const world = new World(files);
          await world.run(crashes);
          expect([...new Set(world.sent)]).toEqual(world.wanted());
        },
      ),
    );
  });

  it("never has lines of two files in one block", async () => {
    const world = new World([["e1"], ["e2"]]);

    expect(await world.log().peek(MAX)).toMatchObject({ entries: [{ line: "e1" }], lastSeq: 1 });
  });

  it("goes on with the next file when one is gone", async () => {
    const world = new World([["e1"], ["e2"]]);
    world.open = (file) => (file.key === "1" ? { kind: "gone" } : world.lines(file));
    await world.run();

    expect(world.sent).toEqual(["e2"]);
  });

  it("leaves out the rest of a damaged file, and nothing before it", async () => {
    const world = new World([["e1", "e2", "e3"], ["e4"]]);
    world.open = (file) =>
      file.key === "1" ? { kind: "open", lines: damagedAfter(["e1", "e2"]) } : world.lines(file);
    await world.run();

    expect(world.sent).toEqual(["e1", "e2", "e4"]);
  });

  it("reads a file again whose connection broke", async () => {
    const world = new World([["e1", "e2", "e3", "e4", "e5"]]);
    let opened = 0;
    world.open = (file) =>
      opened++ === 0
        ? { kind: "open", lines: damagedAfter(["e1"], "interrupted") }
        : world.lines(file);
    await world.run();

    expect(world.sent).toEqual(world.wanted());
  });

  it("keeps to its rate within 5 %", async () => {
    const world = new World([Array.from({ length: 2_000 }, (_, i) => `e${i}`)]);
    world.rate = 100;
    await world.run();

    expect(world.nowMs).toBeGreaterThan(19_000);
    expect(world.nowMs).toBeLessThan(21_000);
  });
});

async function* damagedAfter(
  lines: readonly string[],
  fault: "not-gzip" | "interrupted" = "not-gzip",
): AsyncGenerator<readonly string[]> {
  yield lines;
  throw new FileFaultError(fault);
}
