import { s3ErrorXml, stsErrorXml, type AwsRefusal } from "./aws-refusal.ts";

/** What a client is told, whole. */
export type Answer = {
  /** 0 stands for no answer: the connection is dropped. */
  readonly status: number;
  /** AWS's error code; empty when the request was served. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Whether the request took effect, whatever the client is told. */
  readonly landed: boolean;
};

/** No answer at all. */
export const DROPPED: Answer = {
  status: 0,
  code: "",
  headers: {},
  body: Buffer.alloc(0),
  landed: false,
};

/** The answer that says no, in the words of `service`. */
export function refused(reason: AwsRefusal, service: "s3" | "sts"): Answer {
  const text = service === "sts" ? stsErrorXml(reason) : s3ErrorXml(reason);
  const headers = { "content-type": "application/xml", ...reason.headers };
  const body = Buffer.from(text);
  return { status: reason.status, code: reason.code, headers, body, landed: false };
}

/** A `200` with `text` as its body. */
export function xml(text: string): Answer {
  const headers = { "content-type": "application/xml" };
  return { status: 200, code: "", headers, body: Buffer.from(text), landed: true };
}
