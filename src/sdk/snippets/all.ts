import { flutter, kotlin, reactNative, swift } from "./mobile.ts";
import { csharp, go, http, java, node, php, python, ruby } from "./server.ts";
import type { MakeSnippet, Snippet, SnippetValues } from "./snippet.ts";
import { browserNpm, browserSnippet } from "./web.ts";

const SNIPPETS: readonly MakeSnippet[] = [
  browserSnippet,
  browserNpm,
  node,
  python,
  go,
  java,
  ruby,
  php,
  csharp,
  swift,
  kotlin,
  flutter,
  reactNative,
  http,
];

/** The code of every SDK for one source. */
export function snippetsFor(values: SnippetValues): readonly Snippet[] {
  return SNIPPETS.map((make) => make(values));
}
