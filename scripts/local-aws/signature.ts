import { createHash, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { err, ok, type Result } from "../../src/core/result.ts";
import { refusal, type AwsRefusal } from "./aws-refusal.ts";
import { header, type AwsRequest } from "./aws-request.ts";
import type { Presented } from "./presented.ts";

/** A key as the endpoint knows it; `token` and `expiresAtMs` are those of a session. */
export type KnownKey = {
  readonly secretAccessKey: string;
  readonly token?: string;
  readonly expiresAtMs?: number;
};

/** How far a client's clock may be off: AWS's 15 minutes. */
const SKEW_MS = 15 * 60_000;
const UNSIGNED = "UNSIGNED-PAYLOAD";
const SIGNATURE_PARAMS =
  /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)$/;

/**
 * Refuses a scope that is not this endpoint's, and a date that is not now. Another day in the scope
 * needs no check: the signer takes the day from the date, so the signature differs.
 */
export function checkScope(
  presented: Presented,
  wanted: { readonly region: string; readonly service: "s3" | "sts" },
  nowMs: number,
): AwsRefusal | undefined {
  if (presented.terminator !== "aws4_request" || presented.service !== wanted.service) {
    return refusal(400, "AuthorizationHeaderMalformed", "The service of the scope is wrong");
  }
  if (presented.region !== wanted.region) {
    const message = `The authorization header is malformed; the region is wrong; expecting '${wanted.region}'`;
    return refusal(400, "AuthorizationHeaderMalformed", message, {
      "x-amz-bucket-region": wanted.region,
    });
  }
  if (presented.kind === "presigned") return checkExpiry(presented, nowMs);
  const skewed = Math.abs(nowMs - presented.signedAtMs) > SKEW_MS;
  return skewed ? refusal(403, "RequestTimeTooSkewed") : undefined;
}

function checkExpiry(presented: Presented, nowMs: number): AwsRefusal | undefined {
  const expiresAtMs = presented.signedAtMs + presented.expiresSeconds * 1000;
  if (nowMs <= expiresAtMs && presented.signedAtMs <= nowMs + SKEW_MS) return undefined;
  return refusal(403, "AccessDenied", "Request has expired");
}

/** Refuses when the host or an `x-amz-*` header travels outside the signature. */
export function checkSignedHeaders(
  request: AwsRequest,
  presented: Presented,
): AwsRefusal | undefined {
  const must = Object.keys(request.headers).filter((name) => name.startsWith("x-amz-"));
  must.push("host");
  if (presented.kind === "header" && request.headers["content-md5"] !== undefined) {
    must.push("content-md5");
  }
  if (must.every((name) => presented.signedHeaders.includes(name))) return undefined;
  const message = "There were headers present in the request which were not signed";
  return refusal(403, "AccessDenied", message);
}

/** Refuses a session token that is missing, wrong, late, or sent with a long-term key. */
export function checkToken(
  presented: Presented,
  key: KnownKey,
  nowMs: number,
): AwsRefusal | undefined {
  if (presented.token !== key.token) return refusal(400, "InvalidToken");
  const late = key.expiresAtMs !== undefined && key.expiresAtMs < nowMs;
  return late ? refusal(400, "ExpiredToken") : undefined;
}

/** The payload hash that the signature must cover, after every digest the client sent is checked. */
export function checkPayload(
  request: AwsRequest,
  presented: Presented,
): Result<string, AwsRefusal> {
  if (presented.service === "sts") return ok(sha256(request.body).toString("hex"));
  const digests = checkDigests(request);
  if (digests !== undefined) return err(digests);
  const declared = header(request, "x-amz-content-sha256");
  if (presented.kind === "presigned" && declared === undefined) return ok(UNSIGNED);
  if (declared === undefined) {
    const message = "Missing required header for this request: x-amz-content-sha256";
    return err(refusal(400, "InvalidRequest", message));
  }
  if (declared.startsWith("STREAMING-")) return err(refusal(501, "NotImplemented"));
  if (declared !== UNSIGNED && declared !== sha256(request.body).toString("hex")) {
    return err(refusal(400, "XAmzContentSHA256Mismatch"));
  }
  return ok(declared);
}

function checkDigests(request: AwsRequest): AwsRefusal | undefined {
  const { body } = request;
  const wanted: readonly (readonly [string, () => Buffer])[] = [
    ["content-md5", () => createHash("md5").update(body).digest()],
    ["x-amz-checksum-sha256", () => sha256(body)],
    ["x-amz-checksum-sha1", () => createHash("sha1").update(body).digest()],
    ["x-amz-checksum-crc32", () => crc32Bytes(body)],
  ];
  for (const [name, digest] of wanted) {
    const declared = header(request, name);
    if (declared !== undefined && declared !== digest().toString("base64")) {
      return refusal(400, "BadDigest", `The ${name} you specified did not match what we received`);
    }
  }
  return undefined;
}

/** Signs the request again with the key we know, by AWS's own signer, and compares. */
export async function checkSignature(
  request: AwsRequest,
  presented: Presented,
  key: KnownKey,
  payloadHash: string,
): Promise<AwsRefusal | undefined> {
  const expected = await expectedSignature(request, presented, key, payloadHash);
  const same =
    expected.length === presented.signature.length &&
    timingSafeEqual(Buffer.from(expected), Buffer.from(presented.signature));
  if (same) return undefined;
  const message =
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
  return refusal(403, "SignatureDoesNotMatch", message);
}

async function expectedSignature(
  request: AwsRequest,
  presented: Presented,
  key: KnownKey,
  payloadHash: string,
): Promise<string> {
  const { accessKeyId, region, service, signedHeaders, kind } = presented;
  const presignedToken = kind === "presigned" && key.token !== undefined;
  const signer = new SignatureV4({
    credentials: {
      accessKeyId,
      secretAccessKey: key.secretAccessKey,
      ...(presignedToken ? { sessionToken: key.token } : {}),
    },
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== "s3",
    applyChecksum: false,
  });
  const headers = Object.fromEntries(
    signedHeaders.map((name) => [name, header(request, name) ?? ""]),
  );
  const hashName = "x-amz-content-sha256";
  const toSign = {
    method: request.method,
    protocol: "http:",
    hostname: header(request, "host") ?? "",
    path: request.path,
    query: unsignedQuery(request, kind),
    headers: { ...headers, [hashName]: payloadHash },
    body: "",
  };
  const signableHeaders = new Set(signedHeaders);
  const options = {
    signingDate: new Date(presented.signedAtMs),
    signableHeaders,
    // The signer reads the payload hash from this header, and would sign the header as well.
    unsignableHeaders: new Set(signableHeaders.has(hashName) ? [] : [hashName]),
  };
  if (kind === "header") {
    const signed = await signer.sign(toSign, options);
    const authorization = signed.headers["authorization"] ?? "";
    return /Signature=([0-9a-f]{64})/.exec(authorization)?.[1] ?? "";
  }
  const signed = await signer.presign(toSign, {
    ...options,
    expiresIn: presented.expiresSeconds,
    unhoistableHeaders: new Set([...signedHeaders, hashName]),
  });
  return String(signed.query?.["X-Amz-Signature"] ?? "");
}

function unsignedQuery(
  request: AwsRequest,
  kind: Presented["kind"],
): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const [name, values] of request.query) {
    if (kind === "presigned" && SIGNATURE_PARAMS.test(name)) continue;
    query[name] = values.length === 1 ? (values[0] ?? "") : [...values];
  }
  return query;
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function crc32Bytes(bytes: Buffer): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(crc32(bytes));
  return four;
}
