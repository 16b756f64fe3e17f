import type { OutboundAnswer, OutboundRequest } from "../../../scripts/stack/recorder.ts";
import { FAULTS, type Answering } from "../matrix/faults.ts";
import type { Marks } from "./marks.ts";

/** The faults of the outside, each of whose answers says more than it should. */
export function talkativeFaults(marks: Marks): Readonly<Record<string, Answering>> {
  const talk = (answer: OutboundAnswer, request: OutboundRequest): OutboundAnswer =>
    answer.status < 300 ? answer : talkative(answer, request, marks);
  const known = Object.entries(FAULTS).flatMap(([name, fault]): readonly [string, Answering][] =>
    fault.kind === "outside"
      ? [
          [
            name,
            async (location, request, passOn) =>
              talk(await fault.answer(location, request, passOn), request),
          ],
        ]
      : [],
  );
  return {
    ...Object.fromEntries(known),
    "a proxy's page": async (_location, request) =>
      page(
        502,
        `<html>${marks.text("proxy's page")} ${request.url.href} ${request.body.toString("base64")}</html>`,
      ),
    "an error whose code is no code": async (_location, request) =>
      xml(503, `${marks.text("vendor's code")} at ${request.url.href}`, request, marks),
    "a connection that breaks with words": () =>
      Promise.reject(new Error(`read ECONNRESET ${marks.text("vendor's message")}`)),
  };
}

const VENDOR_LABELS = [
  "vendor's message",
  "vendor's code",
  "vendor's header",
  "proxy's page",
  "webhook's answer",
];

/** The host of a destination, which the workspace declares. */
export const WEBHOOK_HOST = "hooks.canary.example";

/** What a destination answers: no, for good and for now, and yes; always more than it should. */
export function talkativeWebhook(marks: Marks): (request: OutboundRequest) => OutboundAnswer {
  let count = 0;
  return ({ headers, body }) => {
    const quoted = `${JSON.stringify(headers)} ${body.toString()}`;
    const text = `${marks.text("webhook's answer")} cannot take ${quoted}`;
    return page([400, 503, 200, 200][count++ % 4] ?? 200, text);
  };
}

export function mintVendorMarks(marks: Marks): void {
  for (const label of VENDOR_LABELS) marks.mint("vendor", label);
  for (const label of ["webhook's secret", "webhook's header"]) marks.mint("vendor-secret", label);
}

/** The same answer, quoting what it was asked as S3 does, with a mark of its own. */
function talkative(answer: OutboundAnswer, request: OutboundRequest, marks: Marks): OutboundAnswer {
  const code = /<Code>([^<]*)<\/Code>/.exec(answer.body.toString())?.[1] ?? "AccessDenied";
  return { ...xml(answer.status, code, request, marks, answer.headers) };
}

function xml(
  status: number,
  code: string,
  { url, headers, body }: OutboundRequest,
  marks: Marks,
  more: Readonly<Record<string, string>> = {},
): OutboundAnswer {
  const mark = marks.text("vendor's message");
  const quoted = Buffer.from(body.subarray(0, 400)).toString("base64");
  return {
    status,
    headers: {
      "content-type": "application/xml",
      "x-amz-request-id": marks.text("vendor's header"),
      ...more,
    },
    body: Buffer.from(
      `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${mark} for ` +
        `${url.href}</Message><Resource>${mark}</Resource><CanonicalRequest>` +
        `${headers["authorization"] ?? ""} ${quoted}</CanonicalRequest><HostId>${mark}</HostId></Error>`,
    ),
  };
}

function page(status: number, text: string): OutboundAnswer {
  return { status, headers: { "content-type": "text/html" }, body: Buffer.from(text) };
}
