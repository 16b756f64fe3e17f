/** One object as a listing shows it. */
export type ListedObject = {
  readonly key: string;
  readonly size: number;
  readonly lastModifiedMs: number;
};

/** A listing's page; whether more keys follow its last one. */
export type ListedPage = {
  readonly entries: readonly ListedObject[];
  readonly isTruncated: boolean;
};

/**
 * Reads the answer to ListObjectsV2. Takes what AWS, R2, Ceph and miniflare send: any order, any
 * unknown element. `undefined` when it is no whole listing, or an object in it cannot be read:
 * skipping one would lose a file unnoticed.
 */
export function parseListXml(xml: string): ListedPage | undefined {
  if (!/<ListBucketResult[\s>]/.test(xml) || !xml.trimEnd().endsWith("</ListBucketResult>")) {
    return undefined;
  }
  const isUrlEncoded = elementText(xml, "EncodingType") === "url";
  const entries: ListedObject[] = [];
  for (const [, contents = ""] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
    const entry = readEntry(contents, isUrlEncoded);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return { entries, isTruncated: elementText(xml, "IsTruncated") === "true" };
}

/** The text of the first element of that name, e.g. the `Code` of an error; `undefined` if none. */
export function elementText(xml: string, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  return text === undefined ? undefined : unescapeXml(text);
}

function readEntry(contents: string, isUrlEncoded: boolean): ListedObject | undefined {
  const text = elementText(contents, "Key");
  const size = elementText(contents, "Size");
  const key = text !== undefined && isUrlEncoded ? decodeListedKey(text) : text;
  const lastModifiedMs = Date.parse(elementText(contents, "LastModified") ?? "");
  if (key === undefined || size === undefined || !/^\d{1,15}$/.test(size)) return undefined;
  if (Number.isNaN(lastModifiedMs)) return undefined;
  return { key, size: Number(size), lastModifiedMs };
}

/** A listing's url encoding is a form's: `+` stands for a space. */
export function decodeListedKey(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescapeXml(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\dA-Fa-f]{1,6})|(\w+));/g,
    (whole, decimal, hex, name) => {
      if (typeof name === "string") return ENTITIES[name] ?? whole;
      const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hex), 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
