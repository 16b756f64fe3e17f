import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

/** Paths from the root of the repository, and the text behind each. */
export type SourceFiles = ReadonlyMap<string, string>;

const SOURCE = /\.(?:ts|tsx|mjs|js|css|html)$/;

/** The hand-written files below the folders; a folder that is not there yet has none. */
export function readSourceFiles(root: string, folders: readonly string[]): SourceFiles {
  const files = new Map<string, string>();
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (!entry.isDirectory() || !folders.includes(entry.name)) continue;
    for (const file of readdirSync(posix.join(root, entry.name), {
      withFileTypes: true,
      recursive: true,
    })) {
      if (!file.isFile() || !SOURCE.test(file.name)) continue;
      const path = posix.join(file.parentPath, file.name);
      files.set(posix.relative(root, path), readFileSync(path, "utf8"));
    }
  }
  return files;
}

/** Strings come first, so that "https://…" is not taken for a comment. */
const STRING_OR_COMMENT =
  /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** The text without its comments: what is only talked about breaks no rule. */
export function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (found) => (found.startsWith("/") ? " " : found));
}

export type Import = { readonly target: string; readonly isType: boolean };

const IMPORT =
  /\b(?:import|export)\s+(type\s+)?[^"';()]*?\bfrom\s*["']([^"']+)["']|\bimport\s*(\(\s*)?["'`]([^"'`]+)["'`]/g;

/** What a file imports or exports again: paths from the root, packages by their name. */
export function importsOf(path: string, text: string): readonly Import[] {
  return Array.from(withoutComments(text).matchAll(IMPORT), (match) => {
    const named = match[2] ?? match[4] ?? "";
    const isRelative = named.startsWith(".");
    return {
      target: isRelative ? posix.normalize(posix.join(posix.dirname(path), named)) : named,
      isType: match[1] !== undefined,
    };
  });
}
