import { decodeListedKey, elementText } from "./list-xml.ts";

/** An object, or one version of it. */
export type ObjectRef = { readonly key: string; readonly versionId?: string };

/** What a bucket says of the objects that it was asked to remove. */
export type DeleteAnswer = {
  /** Codes by key. */
  readonly refused: ReadonlyMap<string, string>;
  /** Keys that were only marked as deleted: the bucket keeps their versions. */
  readonly marked: readonly string[];
};

/** A version that a bucket keeps, or a mark of deletion that stands in the place of one. */
export type ListedVersion = {
  readonly key: string;
  readonly versionId: string;
  readonly isMark: boolean;
  /** Whether it is what a reader of the key finds. */
  readonly isLatest: boolean;
};

/** A page of versions, of each key the newest first; whether more follow. */
export type VersionsPage = {
  readonly refs: readonly ListedVersion[];
  readonly isTruncated: boolean;
};

/** The body of DeleteObjects. */
export function deleteXml(refs: readonly ObjectRef[]): string {
  const objects = refs.map(({ key, versionId }) => {
    const version = versionId === undefined ? "" : `<VersionId>${escapeXml(versionId)}</VersionId>`;
    return `<Object><Key>${escapeXml(key)}</Key>${version}</Object>`;
  });
  return `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${objects.join("")}</Delete>`;
}

/** Reads the answer to DeleteObjects; `undefined` when it is no whole one. */
export function parseDeleteXml(xml: string): DeleteAnswer | undefined {
  if (!/<DeleteResult[\s>/]/.test(xml) || !isWhole(xml, "DeleteResult")) return undefined;
  const refused = new Map<string, string>();
  for (const [, error = ""] of xml.matchAll(/<Error>(.*?)<\/Error>/gs)) {
    const key = elementText(error, "Key");
    if (key === undefined) return undefined;
    refused.set(key, elementText(error, "Code") ?? "");
  }
  const marked: string[] = [];
  for (const [, deleted = ""] of xml.matchAll(/<Deleted>(.*?)<\/Deleted>/gs)) {
    const key = elementText(deleted, "Key");
    const isMark = elementText(deleted, "DeleteMarker") === "true";
    // A mark that was itself removed by its version says so in the same words.
    if (key !== undefined && isMark && elementText(deleted, "VersionId") === undefined) {
      marked.push(key);
    }
  }
  return { refused, marked };
}

/** Reads the answer to ListObjectVersions; `undefined` when it is no whole one. */
export function parseVersionsXml(xml: string): VersionsPage | undefined {
  if (!/<ListVersionsResult[\s>/]/.test(xml) || !isWhole(xml, "ListVersionsResult")) {
    return undefined;
  }
  const isUrlEncoded = elementText(xml, "EncodingType") === "url";
  const refs: ListedVersion[] = [];
  for (const [, name, body = ""] of xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)) {
    const text = elementText(body, "Key");
    const key = text !== undefined && isUrlEncoded ? decodeListedKey(text) : text;
    const versionId = elementText(body, "VersionId");
    const latest = elementText(body, "IsLatest");
    // One that might be what a reader finds must not be taken for an old one.
    if (key === undefined || versionId === undefined || latest === undefined) return undefined;
    refs.push({ key, versionId, isMark: name === "DeleteMarker", isLatest: latest === "true" });
  }
  return { refs, isTruncated: elementText(xml, "IsTruncated") === "true" };
}

function isWhole(xml: string, root: string): boolean {
  const end = xml.trimEnd();
  return end.endsWith(`</${root}>`) || new RegExp(`<${root}[^>]*/>$`).test(end);
}

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&apos;");
}
