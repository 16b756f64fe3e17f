import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { err, ok, type Result } from "../../src/core/result.ts";
import type { ArchiveLocation } from "../../src/region/regions.ts";
import { answerS3 } from "./answer-s3.ts";
import { DROPPED, refused, xml, type Answer } from "./answer.ts";
import { refusal, type AwsRefusal } from "./aws-refusal.ts";
import { header, param, readRequest, type AwsRequest } from "./aws-request.ts";
import type { Fault, FaultTable, Target } from "./faults.ts";
import { s3Operation, type Operation } from "./operation.ts";
import type { BucketOptions } from "./options.ts";
import { readPresented } from "./presented.ts";
import type { LoggedRequest, RequestLog } from "./request-log.ts";
import type { KeyHolder, KeyRing } from "./sessions.ts";
import {
  checkPayload,
  checkScope,
  checkSignature,
  checkSignedHeaders,
  checkToken,
} from "./signature.ts";
import type { VersionedStore } from "./versioned-store.ts";

/** What all endpoints share. */
export type GateParts = {
  readonly buckets: readonly BucketOptions[];
  readonly keys: KeyRing;
  readonly store: VersionedStore;
  readonly faults: FaultTable;
  readonly log: RequestLog;
};

/** Said in every answer, so that nobody takes this for AWS. */
const SERVER = "homeport-local-aws (not AWS)";

/** The endpoint of one location: S3 and STS. It serves nothing whose signature it has not proven. */
export function createGate(location: ArchiveLocation, parts: GateParts): Server {
  return createServer((message, response) => {
    handle(location, parts, message, response).catch(() => {
      // The client is gone, or the store failed: either way there is nobody to tell more to.
      response.destroy();
    });
  });
}

async function handle(
  location: ArchiveLocation,
  parts: GateParts,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const read = await readRequest(message);
  if (!read.ok) return write(response, message.method ?? "", refused(read.error, "s3"));
  const request = read.value;
  const service = isSts(request) ? "sts" : "s3";
  const operation = service === "sts" ? stsOperation(request) : s3Operation(request);
  // A listing of versions is told apart by what it is asked for.
  const key = operation === "ListObjectVersions" ? (param(request, "prefix") ?? "") : request.key;
  const target: Target = { location, operation, bucket: request.bucket, key };
  const holder = await authenticate(request, location, service, parts.keys);
  const answer = holder.ok
    ? await withFaults(parts.faults, target, service, () =>
        service === "sts"
          ? answerSts(request, holder.value, parts.keys)
          : answerS3(request, target, holder.value.identity, parts),
      )
    : refused(holder.error, service);
  parts.log.add(logged(request, target, answer));
  if (answer.status === 0) return void response.destroy();
  write(response, request.method, answer);
}

/** Proves who signed `request`, or says why it is not believed. */
async function authenticate(
  request: AwsRequest,
  location: ArchiveLocation,
  service: "s3" | "sts",
  keys: KeyRing,
): Promise<Result<KeyHolder, AwsRefusal>> {
  const presented = readPresented(request);
  if (!presented.ok) return presented;
  const nowMs = Date.now();
  const unbelieved =
    checkScope(presented.value, { region: location, service }, nowMs) ??
    checkSignedHeaders(request, presented.value);
  if (unbelieved !== undefined) return err(unbelieved);
  const holder = keys.find(presented.value.accessKeyId, location);
  if (holder === undefined) {
    return err(refusal(403, service === "s3" ? "InvalidAccessKeyId" : "InvalidClientTokenId"));
  }
  const token = checkToken(presented.value, holder.key, nowMs);
  if (token !== undefined) return err(token);
  const payload = checkPayload(request, presented.value);
  if (!payload.ok) return payload;
  const forged = await checkSignature(request, presented.value, holder.key, payload.value);
  return forged === undefined ? ok(holder) : err(forged);
}

async function withFaults(
  faults: FaultTable,
  target: Target,
  service: "s3" | "sts",
  serve: () => Promise<Answer>,
): Promise<Answer> {
  const before = await suffer(faults.take(target, "before"), service);
  if (before !== undefined) return { ...before, landed: false };
  const answer = await serve();
  const after = await suffer(faults.take(target, "after"), service);
  return after === undefined ? answer : { ...after, landed: answer.landed };
}

/** Waits, or gives the answer that takes the place of the true one; status 0 means none at all. */
async function suffer(
  effect: Fault["effect"] | undefined,
  service: "s3" | "sts",
): Promise<Answer | undefined> {
  if (effect === undefined) return undefined;
  switch (effect.kind) {
    case "delay":
      await sleep(effect.ms);
      return undefined;
    case "drop":
      return DROPPED;
    case "answer":
      return refused(refusal(effect.status, effect.code), service);
  }
}

async function answerSts(request: AwsRequest, caller: KeyHolder, keys: KeyRing): Promise<Answer> {
  const form = new URLSearchParams(request.body.toString("utf8"));
  const answered = keys.answer(caller, form, Date.now());
  return answered.ok ? xml(answered.value) : refused(answered.error, "sts");
}

function isSts(request: AwsRequest): boolean {
  const signedForSts = (header(request, "authorization") ?? "").includes("/sts/aws4_request");
  return request.method === "POST" && request.path === "/" && signedForSts;
}

function stsOperation(request: AwsRequest): Operation {
  const action = new URLSearchParams(request.body.toString("utf8")).get("Action");
  return action === "AssumeRole" || action === "GetCallerIdentity" ? action : "Unknown";
}

function logged(
  request: AwsRequest,
  target: Target,
  answer: Answer,
): Omit<LoggedRequest, "number"> {
  const credential = /Credential=([^/,]+)/.exec(header(request, "authorization") ?? "")?.[1];
  const presigned = request.query.get("X-Amz-Credential")?.[0]?.split("/")[0];
  return {
    ...target,
    method: request.method,
    accessKeyId: credential ?? presigned ?? "",
    status: answer.status,
    code: answer.code,
    requestBytes: request.body.length,
    responseBytes: answer.body.length,
    landed: answer.landed,
  };
}

function write(response: ServerResponse, method: string, answer: Answer): void {
  const length = method === "HEAD" ? {} : { "content-length": String(answer.body.length) };
  response.writeHead(answer.status, {
    ...answer.headers,
    ...length,
    server: SERVER,
    "x-amz-request-id": randomUUID(),
  });
  response.end(method === "HEAD" ? undefined : answer.body);
}
