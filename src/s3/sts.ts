import { AwsV4Signer } from "aws4fetch";
import { err, ok, type Result } from "../core/result.ts";
import { withDeadline } from "../core/deadline.ts";
import { egress, type EgressContext } from "../egress/guard.ts";
import { failureOf, guardFailure, type BucketFailure } from "./failures.ts";
import { elementText } from "./list-xml.ts";

/** Our own long-term keys and the regional endpoint that is to know them. */
export type StsCaller = {
  /** `https://sts.eu-west-1.amazonaws.com`; the global endpoint stands in no region. */
  readonly url: string;
  readonly location: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

export type RoleToAssume = {
  readonly roleArn: string;
  /** Absent only where it is tried whether the role can be had without. */
  readonly externalId?: string;
  readonly sessionName: string;
};

/** Keys that end by themselves. */
export type Session = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
};

/** The shortest session a role hands out by default is an hour; longer ones have to be allowed. */
const SESSION_SECONDS = 3600;
/** Until STS has to have answered; it does within a tenth of a second. */
const ANSWER_MS_MAX = 10_000;
const VERSION = "2011-06-15";
/** Nobody but the time ends a call. */
const NEVER = new AbortController().signal;

/** Asks for a session of a role. Single attempt; a refusal carries STS's code. */
export async function assumeRole(
  caller: StsCaller,
  role: RoleToAssume,
  context: EgressContext,
): Promise<Result<Session, BucketFailure>> {
  const answer = await ask(caller, context, {
    Action: "AssumeRole",
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName,
    DurationSeconds: String(SESSION_SECONDS),
    ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
  });
  if (!answer.ok) return answer;
  const accessKeyId = elementText(answer.value, "AccessKeyId");
  const secretAccessKey = elementText(answer.value, "SecretAccessKey");
  const sessionToken = elementText(answer.value, "SessionToken");
  const expiresAtMs = Date.parse(elementText(answer.value, "Expiration") ?? "");
  if (
    accessKeyId === undefined ||
    secretAccessKey === undefined ||
    sessionToken === undefined ||
    Number.isNaN(expiresAtMs)
  ) {
    return err({ kind: "refused", status: 200, code: "unreadable-session" });
  }
  return ok({ accessKeyId, secretAccessKey, sessionToken, expiresAtMs });
}

/** The name under which the customer's policies have to know us. */
export async function callerArn(
  caller: StsCaller,
  context: EgressContext,
): Promise<Result<string, BucketFailure>> {
  const answer = await ask(caller, context, { Action: "GetCallerIdentity" });
  if (!answer.ok) return answer;
  const arn = elementText(answer.value, "Arn");
  if (arn === undefined) return err({ kind: "refused", status: 200, code: "unreadable-identity" });
  return ok(arn);
}

async function ask(
  caller: StsCaller,
  context: EgressContext,
  fields: Readonly<Record<string, string>>,
): Promise<Result<string, BucketFailure>> {
  const body = new URLSearchParams({ Version: VERSION, ...fields }).toString();
  const signer = new AwsV4Signer({
    accessKeyId: caller.accessKeyId,
    secretAccessKey: caller.secretAccessKey,
    service: "sts",
    region: caller.location,
    method: "POST",
    url: `${caller.url}/`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body,
    allHeaders: true,
  });
  const { headers } = await signer.sign();
  try {
    return await withDeadline(ANSWER_MS_MAX, NEVER, async (signal) => {
      const request = new Request(signer.url, { method: "POST", headers, body, signal });
      const sent = await egress(context, request, { bodyBytes: body.length });
      if (!sent.ok) return err(guardFailure(sent.error));
      const text = await sent.value.text();
      if (sent.value.ok) return ok(text);
      return err(failureOf(sent.value.status, elementText(text, "Code") ?? ""));
    });
  } catch (error) {
    // Whether it arrived or not, nothing was changed by it.
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    const code = isLate ? "timeout" : "network";
    return err({ kind: "unavailable", status: undefined, code });
  }
}
