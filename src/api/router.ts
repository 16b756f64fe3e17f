import type { IRequest } from "itty-router";
import { Router } from "itty-router/Router";

import { answerTo, faultOf } from "./answer.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { problemResponse, type Problem } from "./problem.ts";
import type { ApiServices } from "../workspace/ports.ts";

const MOUNT = { GET: "get", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete" } as const;

const router = Router<IRequest, [ApiServices]>();
for (const operation of OPERATIONS) {
  router[MOUNT[operation.method]](operation.path, (request, services) =>
    serve(operation, request, services),
  );
}

/** What is mounted, for the test that compares it with the OpenAPI document. */
export const MOUNTED = router.routes.map(([method, , , path]) => ({ method, path }));

/**
 * `/api/*` and `/health`; `undefined` for any other path. Whatever breaks is answered as a problem
 * that says nothing of the error's own words.
 */
export async function handleApi(
  request: Request,
  services: ApiServices,
): Promise<Response | undefined> {
  const { pathname } = new URL(request.url);
  if (pathname !== "/health" && pathname !== "/api" && !pathname.startsWith("/api/")) {
    return undefined;
  }
  try {
    const response = (await router.fetch(request, services)) as Response | undefined;
    return response ?? unmatched(pathname);
  } catch (error) {
    return problemResponse(faultOf(error));
  }
}

async function serve(
  operation: Operation,
  request: IRequest & Request,
  services: ApiServices,
): Promise<Response> {
  const authorization = request.headers.get("authorization");
  const answer = await answerTo(operation, request, services, authorization);
  if (!answer.ok) return problemResponse(answer.error);
  if (answer.value instanceof Response) return answer.value;
  return Response.json(answer.value, {
    status: operation.status,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" },
  });
}

function unmatched(pathname: string): Response {
  const allow = router.routes.flatMap(([method, pattern]) =>
    pattern.test(pathname) ? [method] : [],
  );
  const problem: Problem =
    allow.length > 0
      ? { code: "method_not_allowed", detail: `This path takes ${allow.join(", ")}.`, allow }
      : { code: "not_found", detail: "There is no such path; /api/openapi.json lists all." };
  return problemResponse(problem);
}
