import { encodeStrict, param, type AwsRequest } from "./aws-request.ts";
import { escapeXml } from "./aws-refusal.ts";
import { NULL_ID } from "./versions.ts";

/** One version as a listing shows it. */
export type ListedVersion = {
  readonly key: string;
  readonly versionId: string;
  readonly isMark: boolean;
  readonly isLatest: boolean;
};

/** S3's own end of a page. */
const PAGE_MAX = 1_000;

/** A page of versions, all of them by key and the newest first, from where `request` says. */
export function listVersionsXml(all: readonly ListedVersion[], request: AwsRequest): string {
  const afterKey = param(request, "key-marker");
  const afterId = param(request, "version-id-marker");
  const isUrl = param(request, "encoding-type") === "url";
  const max = Math.min(Number(param(request, "max-keys") ?? PAGE_MAX), PAGE_MAX);
  const from = afterKey === undefined ? 0 : startAfter(all, afterKey, afterId);
  const written = (key: string): string => (isUrl ? encodeStrict(key) : escapeXml(key));
  const shown = all.slice(from, from + max);
  const parts = shown.map(({ key, versionId, isMark, isLatest }) => {
    const name = isMark ? "DeleteMarker" : "Version";
    return `<${name}><Key>${written(key)}</Key><VersionId>${versionId}</VersionId><IsLatest>${isLatest}</IsLatest></${name}>`;
  });
  const encoding = isUrl ? "<EncodingType>url</EncodingType>" : "";
  const isTruncated = from + max < all.length;
  const last = isTruncated ? shown.at(-1) : undefined;
  const next =
    last === undefined
      ? ""
      : `<NextKeyMarker>${written(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.versionId}</NextVersionIdMarker>`;
  return `<ListVersionsResult>${encoding}<IsTruncated>${isTruncated}</IsTruncated>${next}${parts.join("")}</ListVersionsResult>`;
}

/** Where the page begins; the version it comes after may have been removed meanwhile. */
function startAfter(all: readonly ListedVersion[], afterKey: string, afterId = ""): number {
  const at = all.findIndex(({ key, versionId }) => key === afterKey && versionId === afterId);
  if (at !== -1) return at + 1;
  const isOlder = (id: string): boolean => afterId !== "" && (id === NULL_ID || id < afterId);
  const next = all.findIndex(
    ({ key, versionId }) => key > afterKey || (key === afterKey && isOlder(versionId)),
  );
  return next === -1 ? all.length : next;
}
