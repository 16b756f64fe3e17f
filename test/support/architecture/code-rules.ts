import { importsOf, withoutComments, type SourceFiles } from "./source-files.ts";

const LINES_MAX = 300;

/** Files that are too long to be read in one go. */
export function longFiles(files: SourceFiles): readonly string[] {
  return Array.from(files)
    .map(([path, text]) => ({ path, lines: text.replace(/\n$/, "").split("\n").length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path} has ${lines} lines, at most ${LINES_MAX}`);
}

const PLACEMENT = "src/region/placement.ts";
const NAMESPACE_CALL =
  /(?:\.\s*|\[\s*["'`])(jurisdiction|idFromName|idFromString|newUniqueId|getByName)(?:["'`]\s*\])?\s*\(/g;

/** Ways to an object that go around placement. */
export function namespaceCalls(files: SourceFiles): readonly string[] {
  return matches(files, NAMESPACE_CALL, (path) => path === PLACEMENT).map(
    ({ path, found }) => `${path} calls ${found} on a namespace; only ${PLACEMENT} may`,
  );
}

/** How often the whole product asks for a jurisdiction; it has to be in one place only. */
export function jurisdictionCalls(files: SourceFiles): number {
  return matches(files, NAMESPACE_CALL).filter(({ found }) => found === "jurisdiction").length;
}

const EGRESS = "src/egress/";
/** A call of the global; methods of that name, and calls of them on an object, are others' matter. */
const GLOBAL_CALL =
  /(?:(?<![\w$.#])(?<!\b(?:async|function)\s+)|\b(?:globalThis|self)\s*\.\s*)(fetch|connect)\s*\(|\bnew\s+(WebSocket|EventSource)\s*\(|\b(sendBeacon|getBuiltinModule|createRequire)\s*\(|(?<![\w$.#])(caches)\s*\./g;
const NETWORK_MODULE =
  /^(?:cloudflare:sockets|(?:node:)?(?:net|tls|dgram|dns|https?|http2|child_process|cluster|inspector|module)(?:\/.*)?|undici|ws)$/;

/** Ways to the outside that go around the egress guard. */
export function outsideCalls(files: SourceFiles): readonly string[] {
  const calls = matches(files, GLOBAL_CALL, (path) => path.startsWith(EGRESS)).map(
    ({ path, found }) => `${path} calls ${found}; only ${EGRESS} may`,
  );
  const modules = Array.from(files).flatMap(([path, text]) =>
    importsOf(path, text)
      .filter(({ target }) => NETWORK_MODULE.test(target) && !path.startsWith(EGRESS))
      .map(({ target }) => `${path} imports ${target}; only ${EGRESS} may`),
  );
  return [...calls, ...modules];
}

const CONFIG = "src/config.ts";
/** The bindings of objects are no settings; they are turned into ports here. */
const BINDINGS = "durable-objects/reach.ts";
const SETTING =
  /(\bprocess\s*\.\s*env|\bimport\.meta\.env|\benv\s*\??\.\s*[A-Za-z_]\w*|\benv\s*(?:\?\.)?\[|\}\s*=\s*(?:this\.)?env\b)/g;

/** Settings that are read past parseConfig. */
export function settingReads(files: SourceFiles): readonly string[] {
  return matches(files, SETTING, (path) => path === CONFIG || path === BINDINGS).map(
    ({ path, found }) => `${path} reads ${found}; only ${CONFIG} may`,
  );
}

/** Words of the glossary's "do not say" column that have no other meaning here. */
const FORBIDDEN_WORDS =
  /\b(?:tenant|org|organi[sz]ation|zone|geo|hit|bulk|sink|integration|backfill|reprocess|purge|erasure|blocklist|lake|blob|api key|access key)s?\b/;
const EXPORT =
  /\bexport\s+(?:async\s+)?(?:const|let|function\*?|class|type|interface|enum)\s+([A-Za-z_$][\w$]*)/g;

/** Exported names that use another word than the glossary's. */
export function foreignWords(files: SourceFiles): readonly string[] {
  return matches(files, EXPORT)
    .filter(({ found }) => FORBIDDEN_WORDS.test(wordsOf(found)))
    .map(({ path, found }) => `${path} exports ${found}: use the glossary's word`);
}

/** `accessKeyId` and `ACCESS_KEY_ID` both become `access key id`. */
function wordsOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase();
}

/** Limits with the lines of comment right above them. */
const LIMIT =
  /((?:^[ \t]*(?:\/\/|\/?\*).*\n)*)^export const ((?:[A-Z0-9]+_)+(?:MAX|MIN)) *(?::[^=]*)?= *[-\d(]/gm;
const UNIT =
  /\b(?:bytes?|bits?|ms|milliseconds?|seconds?|minutes?|hours?|days?|chars|characters?|rows?|levels?)\b/;
/** A plural before `_MAX` counts that very thing: `EVENTS_MAX`. */
const COUNT = /(?<!S)S_(?:MAX|MIN)$/;

/** Limits without a comment, or whose unit neither their name nor the comment says. */
export function bareLimits(files: SourceFiles): readonly string[] {
  const violations: string[] = [];
  for (const [path, text] of files) {
    if (!path.startsWith("src/ingest/") && path !== "src/core/limits.ts") continue;
    for (const [, comment = "", name = ""] of text.matchAll(LIMIT)) {
      const hasUnit = COUNT.test(name) || UNIT.test(`${wordsOf(name)} ${comment.toLowerCase()}`);
      if (comment === "") violations.push(`${path}: ${name} has no comment that gives its reason`);
      if (!hasUnit) violations.push(`${path}: ${name} has no unit in its name or its comment`);
    }
  }
  return violations;
}

type Match = { readonly path: string; readonly found: string };

/** Every match in the code of the files; `found` is the pattern's first group that took part. */
function matches(
  files: SourceFiles,
  pattern: RegExp,
  isExempt: (path: string) => boolean = () => false,
): readonly Match[] {
  return Array.from(files)
    .filter(([path]) => !isExempt(path))
    .flatMap(([path, text]) =>
      Array.from(withoutComments(text).matchAll(pattern), (match) => ({
        path,
        found: match.slice(1).find((group) => group !== undefined) ?? match[0],
      })),
    );
}
