import type { IRequest } from "itty-router";
import { Router } from "itty-router/Router";

import type { ApiServices } from "../../workspace/ports.ts";
import { answerTo, faultOf } from "../answer.ts";
import type { Operation } from "../operation.ts";
import { bearerOf } from "./authorization.ts";
import { censusProblem } from "./envelope.ts";
import { CENSUS_OPERATIONS } from "./operations.ts";

const MOUNT = { GET: "get", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete" } as const;

const router = Router<IRequest, [ApiServices]>();
for (const operation of CENSUS_OPERATIONS) {
  router[MOUNT[operation.method]](operation.path, (request, services) =>
    serve(operation, request, services),
  );
}

/** `/census/*`, in Census's shapes, refusals included; `undefined` for any other path. */
export async function handleCensus(
  request: Request,
  services: ApiServices,
): Promise<Response | undefined> {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith("/census/")) return undefined;
  try {
    const response = (await router.fetch(request, services)) as Response | undefined;
    const detail = "/census/api/v1 has no such call.";
    return response ?? censusProblem({ code: "not_found", detail });
  } catch (error) {
    return censusProblem(faultOf(error));
  }
}

async function serve(
  operation: Operation,
  request: IRequest & Request,
  services: ApiServices,
): Promise<Response> {
  const authorization = bearerOf(request.headers.get("authorization"));
  const answer = await answerTo(operation, request, services, authorization);
  if (!answer.ok) return censusProblem(answer.error);
  return Response.json(answer.value, {
    status: operation.status,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" },
  });
}
