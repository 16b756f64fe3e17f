import { array, nullable, object, picklist, string } from "valibot";

import { ok } from "../../core/result.ts";
import { regionalHost } from "../../sdk/regional-host.ts";
import { snippetsFor } from "../../sdk/snippets/all.ts";
import { WRITE_KEY_PLACEHOLDER } from "../../sdk/snippets/snippet.ts";
import type { SourceView } from "../../workspace/source-view.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { refuse } from "../problem.ts";
import { ingestRegion } from "../schemas.ts";

const snippetsAnswer = object({
  sourceId: string(),
  ingestRegion,
  ingestGuarantee: picklist(["jurisdiction", "best-effort"]),
  host: string(),
  writeKey: nullable(string()),
  snippets: array(
    object({
      sdk: string(),
      title: string(),
      language: string(),
      settings: array(object({ option: string(), value: string() })),
      code: string(),
      warnings: array(string()),
    }),
  ),
});

/** What applications have to contain to send to a source. */
export const SNIPPET_OPERATIONS: readonly Operation[] = [
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/sources/:id/snippets",
    summary: "Code for every SDK, with the source's newest live key and its region's host",
    answer: snippetsAnswer,
    problems: ["no_regional_host"],
    handle: async ({ services, workspace, call, params }) => {
      const found = await workspace.source(call, params["id"] ?? "");
      if (!found.ok) return answerWith(found, (source) => source);
      const source = found.value;
      const host = regionalHost(source.ingestRegion, services.config);
      if (host === undefined) {
        return refuse(
          "no_regional_host",
          `The source takes its events in at ${source.ingestRegion}; HOSTS of this deployment names no host there.`,
        );
      }
      const writeKey = newestKey(source);
      const scheme = services.config.environment === "development" ? "http" : "https";
      return ok({
        sourceId: source.id,
        ingestRegion: source.ingestRegion,
        ingestGuarantee: source.ingestGuarantee,
        host,
        writeKey: writeKey ?? null,
        snippets: snippetsFor({ writeKey: writeKey ?? WRITE_KEY_PLACEHOLDER, host, scheme }),
      });
    },
  }),
];

/** Keys are public by nature, and whoever may read a source sees the live ones. */
function newestKey(source: SourceView): string | undefined {
  const live = source.writeKeys.filter(({ state }) => state === "live");
  return live.toSorted((a, b) => b.version - a.version)[0]?.writeKey;
}
