import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { err, ok, type Result } from "../../src/core/result.ts";
import { refusal, type AwsRefusal } from "./aws-refusal.ts";

/** A whole request, read before anything is decided about it. */
export type AwsRequest = {
  readonly method: string;
  /** As it was sent, percent-encoded: the signature covers these bytes. */
  readonly path: string;
  /** Decoded; a name that was sent twice has two values. */
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Decoded first part of the path; empty for a request to the service itself. */
  readonly bucket: string;
  /** Decoded rest of the path; empty for a request to the bucket itself. */
  readonly key: string;
};

/** Larger than any archive file; a real bucket takes 5 GB in one PUT. */
const BODY_BYTES_MAX = 256 * 1024 * 1024;

/** Reads the request to its end. A body that breaks off rejects, so half a file is never stored. */
export async function readRequest(
  message: IncomingMessage,
): Promise<Result<AwsRequest, AwsRefusal>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return err(refusal(400, "EntityTooLarge"));
    chunks.push(chunk);
  }
  const [path = "/", search = ""] = splitOnce(message.url ?? "/", "?");
  const query = parseQuery(search);
  const bucketAndKey = parsePath(path);
  if (query === undefined || bucketAndKey === undefined) return err(refusal(400, "InvalidURI"));
  return ok({
    method: message.method ?? "GET",
    path,
    query,
    headers: message.headers,
    body: Buffer.concat(chunks),
    ...bucketAndKey,
  });
}

/** The one value of header `name`, or `undefined`. Node joins repeated headers with a comma. */
export function header(request: AwsRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

/** The first value of query parameter `name`, or `undefined`. */
export function param(request: AwsRequest, name: string): string | undefined {
  return request.query.get(name)?.[0];
}

/** Percent-encodes all but RFC 3986's unreserved characters, as SigV4 wants it. */
export function encodeStrict(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function parsePath(path: string): { readonly bucket: string; readonly key: string } | undefined {
  const [bucket = "", key = ""] = splitOnce(path.slice(1), "/");
  const decodedBucket = decode(bucket);
  const decodedKey = decode(key);
  if (decodedBucket === undefined || decodedKey === undefined) return undefined;
  return { bucket: decodedBucket, key: decodedKey };
}

function parseQuery(search: string): ReadonlyMap<string, readonly string[]> | undefined {
  const query = new Map<string, string[]>();
  for (const pair of search.split("&")) {
    if (pair === "") continue;
    const [name = "", value = ""] = splitOnce(pair, "=").map(decode);
    if (name === "") return undefined;
    query.set(name, [...(query.get(name) ?? []), value]);
  }
  return query;
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
