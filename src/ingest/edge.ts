import { workspaceOf } from "../core/ids.ts";
import {
  EDGE_DEFAULTS,
  EDGE_RETRY_AFTER_MS,
  edgeSettings,
  homeOfColo,
  judgeEdge,
  refusalOutcome,
  strictHomeOf,
  type EdgeAnswer,
  type EdgeSettings,
} from "../region/edge.ts";
import type { HomeRegion } from "../core/ids.ts";
import type { HostRegion, Services } from "../services.ts";
import type { SourceConfig } from "../workspace/source-config.ts";
import type { Refusal } from "./answers.ts";
import type { EdgeNote } from "./append.ts";
import { headerWriteKey, verifyWriteKey } from "./authenticate.ts";

/**
 * Refuses a request at a strict host for the place it came in at, before anything of its body is
 * read. A key in the header says whose it is: then that workspace chooses the answer and it is
 * counted there, else at the region of the host.
 */
export async function refuseAtHost(
  request: Request,
  colo: string,
  host: HostRegion,
  services: Services,
): Promise<Refusal | undefined> {
  const strict = host === undefined || host === "any" ? undefined : strictHomeOf(host);
  if (strict === undefined || homeOfColo(colo) === strict) return undefined;
  const config = await sourceOfHeader(request, services);
  const answer = config?.edge?.answer ?? EDGE_DEFAULTS[strict].answer;
  const target = config === undefined ? strict : workspaceOf(config.sourceId);
  services.countEdge(target, colo, refusalOutcome(answer));
  return outsideRegion(strict, answer);
}

/** What becomes of a request for a source, once its key holds: how it is counted, or a refusal. */
export function judgeForSource(
  colo: string,
  home: HomeRegion,
  config: SourceConfig,
  services: Services,
): EdgeNote | Refusal {
  const settings: EdgeSettings = edgeSettings(home, config.edge ?? {});
  const outcome = judgeEdge(colo, home, settings);
  if (outcome === "accepted" || outcome === "transit") return { colo, outcome };
  services.countEdge(workspaceOf(config.sourceId), colo, outcome);
  return outsideRegion(home, settings.answer);
}

function outsideRegion(home: HomeRegion, answer: EdgeAnswer): Refusal {
  const where = `This request came in at a Cloudflare location outside ${home}`;
  return answer === "hold"
    ? {
        code: "outside_region",
        message: `${where} and nothing of it was kept: keep the data and send it again`,
        retryAfterMs: EDGE_RETRY_AFTER_MS,
      }
    : {
        code: "outside_region",
        message: `${where} and nothing of it was kept`,
        status: 403,
      };
}

async function sourceOfHeader(
  request: Request,
  services: Services,
): Promise<SourceConfig | undefined> {
  const text = headerWriteKey(request.headers.get("Authorization"));
  const key = text === undefined ? undefined : verifyWriteKey(text, services.config);
  if (key?.ok !== true) return undefined;
  const source = await services.sourceConfig(key.value.sourceId).catch(() => undefined);
  return source?.kind === "found" ? source.config : undefined;
}
