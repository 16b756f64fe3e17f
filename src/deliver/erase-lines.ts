import { gzipSync } from "node:zlib";

import { usersOf } from "../archive/event-users.ts";
import { readLines } from "../archive/read-lines.ts";
import { isAbout, type Subjects } from "../archive/subjects.ts";
import { concatBytes } from "../core/bytes.ts";
import type { RewrittenFile } from "./erase-folder.ts";

const NEWLINE = Uint8Array.of(10);
const decoder = new TextDecoder();

/**
 * A gzip file of NDJSON without the lines that are about one of the users; the others byte by byte as
 * they were. Held whole in memory, so for files that are small when they are written.
 *
 * @throws Error when it is damaged, or a line of it is no event.
 */
export async function linesWithout(
  subjects: Subjects,
  file: ReadableStream<Uint8Array>,
): Promise<RewrittenFile | undefined> {
  const kept: Uint8Array[] = [];
  let removed = 0;
  for await (const lines of readLines(file)) {
    for (const line of lines) {
      if (isLineAbout(subjects, line)) removed += 1;
      else kept.push(line, NEWLINE);
    }
  }
  if (removed === 0) return undefined;
  return { removed, body: gzipSync(concatBytes(kept)) };
}

function isLineAbout(subjects: Subjects, line: Uint8Array): boolean {
  const text = decoder.decode(line);
  return isAbout(subjects, usersOf(JSON.parse(text) as Record<string, unknown>, text));
}
