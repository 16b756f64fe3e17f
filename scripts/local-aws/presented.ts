import { err, ok, type Result } from "../../src/core/result.ts";
import { refusal, type AwsRefusal } from "./aws-refusal.ts";
import { header, param, type AwsRequest } from "./aws-request.ts";

/** The signature as the client presents it, in the header or in the query; nothing is proven yet. */
export type Presented = {
  readonly kind: "header" | "presigned";
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly signedAtMs: number;
  /** Only of a presigned request. */
  readonly expiresSeconds: number;
  readonly token: string | undefined;
};

/** Seven days, AWS's own limit. */
const EXPIRES_SECONDS_MAX = 604_800;

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/;

/** Finds the signature of `request`; anonymous and doubly signed requests are refused here. */
export function readPresented(request: AwsRequest): Result<Presented, AwsRefusal> {
  const authorization = header(request, "authorization");
  if (param(request, "X-Amz-Signature") === undefined) {
    if (authorization === undefined) return err(refusal(403, "AccessDenied", "Access Denied"));
    return readHeader(request, authorization);
  }
  if (authorization !== undefined) {
    return err(refusal(400, "InvalidArgument", "Only one auth mechanism allowed"));
  }
  return readQuery(request);
}

function readHeader(request: AwsRequest, authorization: string): Result<Presented, AwsRefusal> {
  const match = AUTHORIZATION.exec(authorization);
  if (match === null) return err(refusal(400, "AuthorizationHeaderMalformed"));
  const [, credential = "", signedHeaders = "", signature = ""] = match;
  return assemble({
    kind: "header",
    credential,
    signedHeaders,
    signature,
    date: header(request, "x-amz-date") ?? "",
    expiresSeconds: 0,
    token: header(request, "x-amz-security-token"),
  });
}

function readQuery(request: AwsRequest): Result<Presented, AwsRefusal> {
  const expiresSeconds = Number(param(request, "X-Amz-Expires"));
  const known = param(request, "X-Amz-Algorithm") === "AWS4-HMAC-SHA256";
  if (!known || !(expiresSeconds >= 1 && expiresSeconds <= EXPIRES_SECONDS_MAX)) {
    return err(refusal(400, "AuthorizationQueryParametersError"));
  }
  return assemble({
    kind: "presigned",
    credential: param(request, "X-Amz-Credential") ?? "",
    signedHeaders: param(request, "X-Amz-SignedHeaders") ?? "",
    signature: param(request, "X-Amz-Signature") ?? "",
    date: param(request, "X-Amz-Date") ?? "",
    expiresSeconds,
    token: param(request, "X-Amz-Security-Token"),
  });
}

type Parts = Pick<Presented, "kind" | "signature" | "expiresSeconds" | "token"> & {
  /** `20261122T040000Z`. */
  readonly date: string;
  readonly credential: string;
  readonly signedHeaders: string;
};

function assemble(parts: Parts): Result<Presented, AwsRefusal> {
  const { credential, signedHeaders, date, ...rest } = parts;
  const [accessKeyId = "", , region = "", service = "", terminator = ""] = credential.split("/");
  const signedAtMs = parseAmzDate(date);
  if (signedAtMs === undefined) {
    return err(refusal(403, "AccessDenied", "AWS authentication requires a valid Date"));
  }
  const names = signedHeaders.split(";");
  return ok({
    ...rest,
    accessKeyId,
    region,
    service,
    terminator,
    signedAtMs,
    signedHeaders: names,
  });
}

function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
