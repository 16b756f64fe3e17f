import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { eraseFile, type ErasedFile } from "../../../src/archive/erase-file.ts";
import { hashSubjects, SubjectFinder, type Subjects } from "../../../src/archive/subjects.ts";
import { fileOf, pieceOf } from "../../support/pieces.ts";
import { matchesAny, prepareUsers } from "../../../src/archive/user-filter.ts";

const KEY = "000102030405060708090a0b0c0d0e0f";
const USER: Subjects = { type: "USER_ID", ids: new Set(["u1"]) };

/** A line as it stands in a file, and whether it is about the user `u1`. */
type Line = { readonly text: string; readonly isAbout: boolean };

/** Ids that are the user's, however they are written, and ids that only look like it. */
const line = fc.oneof(
  fc.constantFrom<Line>(
    { text: '{"userId":"u1","n":1}', isAbout: true },
    { text: '{"userId":"\\u00751","n":1}', isAbout: true },
    { text: '{ "event": "x", "userId" : "u1" }', isAbout: true },
    { text: '{"previousId":"u1","userId":"u2"}', isAbout: true },
    { text: '{"userId":"u0","userId":"u1"}', isAbout: true },
    { text: '{"userId":"u1","userId":"u2"}', isAbout: false },
    { text: '{"userId":"u11"}', isAbout: false },
    { text: '{"userId":"U1"}', isAbout: false },
    { text: '{"userId":"u1 "}', isAbout: false },
    { text: '{"anonymousId":"u1"}', isAbout: false },
    { text: '{"properties":{"userId":"u1"}}', isAbout: false },
    { text: '{"event":"u1"}', isAbout: false },
    { text: '"u1"', isAbout: false },
    { text: "not json, u1", isAbout: false },
  ),
  fc
    .string({ unit: "binary", maxLength: 40 })
    .map((value): Line => ({ text: JSON.stringify({ userId: `x${value}` }), isAbout: false })),
);

type Erased = ErasedFile & { readonly text: string; readonly file: Buffer };

async function erase(text: string, subjects: Subjects, isGzip = false): Promise<Erased> {
  const bytes = new TextEncoder().encode(text);
  return eraseFrom(isGzip ? gzipSync(bytes) : bytes, subjects);
}

async function eraseFrom(file: Uint8Array, subjects: Subjects, isAnyGzip = false): Promise<Erased> {
  const body = new Blob([file.slice()]).stream();
  const parts: Uint8Array[] = [];
  const finder = new SubjectFinder(subjects, hashSubjects(subjects, KEY));
  const out = (part: Uint8Array): void => void parts.push(new Uint8Array(part));
  const erased = await eraseFile(body, { finder, fingerprintKey: KEY, out, isAnyGzip });
  if (!erased.ok) throw new Error(erased.error);
  const gzip = Buffer.concat(parts);
  expect(erased.value.gzip).toMatchObject({
    gzipBytes: gzip.length,
    gzipSha256: createHash("sha256").update(gzip).digest("hex"),
  });
  return { ...erased.value, text: gunzipSync(gzip).toString(), file: gzip };
}

describe("eraseFile()", () => {
  it("leaves out the user's lines and keeps all others byte by byte, in their order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.boolean(), async (lines, isGzip) => {
        const erased = await erase(lines.map(({ text }) => `${text}\n`).join(""), USER, isGzip);

        const kept = lines.filter(({ isAbout }) => !isAbout).map(({ text }) => `${text}\n`);
        expect(erased.text).toBe(kept.join(""));
        expect(erased.removed).toBe(lines.length - kept.length);
      }),
    );
  });

  it("leaves the content as it is where it leaves nothing out, without a last newline as well", async () => {
    const text = '\n{"userId":"u2"}\r\n\n{"userId":"u3"}';

    const erased = await erase(text, USER);

    expect([erased.text, erased.gzip.rawSha256]).toEqual([
      text,
      createHash("sha256").update(text).digest("hex"),
    ]);
  });

  it("leaves out lines of many stretches", async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `{"userId":"u${i % 7}","n":${i}}\n`);

    const erased = await erase(lines.join(""), USER);

    expect(erased.text).toBe(lines.filter((_, i) => i % 7 !== 1).join(""));
  });

  it("makes a filter in which the user is not found any more", async () => {
    const erased = await erase('{"userId":"u1"}\n{"userId":"u2"}\n', USER);

    const query = prepareUsers(hashSubjects(USER, KEY));
    expect(matchesAny(erased.summary.userFilter, query)).toBe(false);
  });

  it("makes a filter in which the others are found", async () => {
    const erased = await erase('{"userId":"u1"}\n{"userId":"u2"}\n', USER);

    const others = hashSubjects({ type: "USER_ID", ids: new Set(["u2"]) }, KEY);
    expect(matchesAny(erased.summary.userFilter, prepareUsers(others))).toBe(true);
  });

  it("makes an empty gzip of a file that holds nobody else", async () => {
    const erased = await erase('{"userId":"u1"}\n', USER);

    expect([erased.text, erased.summary.events]).toEqual(["", 0]);
  });

  it.each([
    ['{"userId":42}', "42"],
    ['{"userId":12345678901234567890}', "12345678901234567890"],
  ])("knows the number in %s by its digits", async (text, id) => {
    const erased = await erase(`${text}\n`, { type: "USER_ID", ids: new Set([id]) });

    expect(erased.removed).toBe(1);
  });

  it("leaves out the lines of an anonymous id, and those of the same user id not", async () => {
    const subjects = { type: "ANONYMOUS_ID", ids: new Set(["a1"]) } as const;

    const erased = await erase('{"anonymousId":"a1"}\n{"userId":"a1"}\n', subjects);

    expect(erased.text).toBe('{"userId":"a1"}\n');
  });
});

const encoder = new TextEncoder();

/** Lines of one piece, compressed or only stored: what is stored can hold what ends a piece. */
const piece = fc.record({
  lines: fc.array(line, { maxLength: 20 }),
  level: fc.constantFrom(0, 2, 9),
});

describe("eraseFile() of a file in pieces", () => {
  it("comes to the same as of any gzip, and keeps the pieces without the user as they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (drawn) => {
        const pieces = drawn.map(({ lines, level }) => {
          const raw = encoder.encode(lines.map(({ text }) => `${text}\n`).join(""));
          return { raw, gzip: pieceOf(raw, level), isKept: !lines.some(({ isAbout }) => isAbout) };
        });
        const file = fileOf(pieces);

        const [fast, slow] = [await eraseFrom(file, USER), await eraseFrom(file, USER, true)];

        expect([fast.text, fast.removed, fast.summary]).toEqual([
          slow.text,
          slow.removed,
          slow.summary,
        ]);
        const kept = pieces.filter(({ isKept }) => isKept);
        expect(kept.every(({ gzip }) => fast.file.includes(Buffer.from(gzip)))).toBe(true);
      }),
    );
  });

  it("finds its lines in every piece of what it wrote before", async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `{"userId":"u${i % 7}","n":${i}}\n`);
    const first = await erase(lines.join(""), USER);

    const second = await eraseFrom(first.file, { type: "USER_ID", ids: new Set(["u2"]) });

    expect(second.text).toBe(lines.filter((_, i) => i % 7 !== 1 && i % 7 !== 2).join(""));
  });
});
