import type { OutboundAnswer, OutboundRequest } from "../../../scripts/stack/recorder.ts";
import type { ArchiveLocation } from "../../../src/region/regions.ts";

/** Answers in the place of a location's S3, or passes the request on to it. */
export type Answering = (
  location: ArchiveLocation,
  request: OutboundRequest,
  passOn: () => Promise<OutboundAnswer>,
) => Promise<OutboundAnswer>;

/** A fault of the outside: of what the Worker reaches, while it runs as it was set up. */
export type OutsideFault = { readonly kind: "outside"; readonly answer: Answering };

/** A fault of the settings: the Worker is started with these vars put in place of the right ones. */
export type SettingsFault = {
  readonly kind: "settings";
  readonly vars: Readonly<Record<string, string>>;
};

/** The workspace's configuration is applied to one of the other region while all else goes on. */
export type MoveFault = { readonly kind: "move" };

export type Fault = OutsideFault | SettingsFault | MoveFault;

const SLOW_MS = 1_500;
const FOREIGN_S3 = "https://s3.us-east-1.amazonaws.com/homeport-us-east-1/";
const FOREIGN_STS = "https://sts.us-east-1.amazonaws.com/";

/** How many requests of a location were answered by a fault that has two halves. */
let refused = 0;

/** Every fault that a request, a job or an alarm of an eu workspace may meet. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  "S3 location down": outside(() => Promise.reject(new Error("connection refused"))),
  "S3 location slow": outside(async (_location, _request, passOn) => {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    return passOn();
  }),
  "S3 answers 301 to another region": outside(async (_location, request) =>
    answer(301, "PermanentRedirect", {
      location: FOREIGN_S3 + request.url.pathname,
      "x-amz-bucket-region": "us-east-1",
    }),
  ),
  "S3 redirects to another region": outside(async (_location, request) =>
    answer(307, "TemporaryRedirect", { location: FOREIGN_S3 + request.url.pathname }),
  ),
  "STS in the wrong region": outside(async () =>
    answer(307, "RegionDisabledException", { location: FOREIGN_STS }),
  ),
  "S3 says the signature is for another region": outside(async () =>
    answer(400, "AuthorizationHeaderMalformed", { "x-amz-bucket-region": "us-east-1" }),
  ),
  "DNS failure": outside(() =>
    Promise.reject(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" })),
  ),
  "wrong S3 key": outside(async () => answer(403, "InvalidAccessKeyId")),
  "fail-over and back": outside(async (location, _request, passOn) => {
    const isFirstHalf = location === "eu-west-1" && refused++ < 8;
    return isFirstHalf ? answer(503, "SlowDown") : passOn();
  }),
  "missing config": { kind: "settings", vars: { BUCKET_EU_WEST_1: "" } },
  "wrong config": {
    kind: "settings",
    vars: { BUCKET_EU_WEST_1: FOREIGN_S3.slice(0, -1) },
  },
  move: { kind: "move" },
};

function outside(answering: Answering): OutsideFault {
  return { kind: "outside", answer: answering };
}

function answer(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): OutboundAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Region>us-east-1</Region></Error>`;
  return {
    status,
    headers: { "content-type": "application/xml", ...headers },
    body: Buffer.from(body),
  };
}
