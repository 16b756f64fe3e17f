import type { TestSource } from "../homeport.ts";
import type { CanaryRun } from "./canary-run.ts";

/** Calls of the management API that are refused, with marks in all that could be quoted. */
export async function askWrongly(run: CanaryRun, source: TestSource): Promise<void> {
  const { id } = source;
  const { token } = source.workspace;
  const { marks } = run;
  const [event, context] = [marks.text("e-mail"), marks.text("context")];
  const field = marks.text("name of a field");
  const bodies: readonly unknown[] = [
    { name: { [event]: context } },
    { name: "x", [field]: context },
    { name: event.repeat(50) },
    { name: "x", type: event, rate: context, ip: event, archiveLocations: [context] },
    `{"name": "${event}`,
    `[${event}]`,
    event,
  ];
  const refused = bodies.flatMap((body) => [
    run.call(token, "POST", "/api/v1/sources", body),
    run.call(token, "PATCH", `/api/v1/sources/${id}`, body),
    run.call(token, "PUT", "/api/v1/workspace/config", body),
    run.call(token, "POST", "/api/v1/tokens", body),
    run.call("", "POST", "/api/v1/invites/redeem", body),
  ]);
  const paths = [
    `/api/v1/sources/${event}`,
    `/api/v1/sources?after=${event}&limit=${context}&${field}=${event}`,
    `/api/v1/residency?from=${event}`,
    `/api/v1/${event}`,
  ];
  const kept = { name: marks.mint("name", "kept under an idempotency key") };
  await Promise.all([
    ...refused,
    ...paths.map((path) => run.call(token, "GET", path)),
    run.call(event, "GET", "/api/v1/sources"),
    run.call(token, "POST", "/api/v1/sources", kept, { "idempotency-key": context }),
  ]);
}
