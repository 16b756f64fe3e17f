import { describe, expect, it } from "vitest";
import { elementText, parseListXml } from "../../../src/s3/list-xml.ts";

const listing = (inner: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</ListBucketResult>\n`;
const contents = (key: string, rest = "") =>
  `<Contents><ETag>&quot;e&quot;</ETag><Key>${key}</Key>${rest}<LastModified>2026-11-22T04:00:00.000Z</LastModified><Size>7</Size></Contents>`;

describe("parseListXml()", () => {
  it("reads objects in any order of elements, with elements it does not know", () => {
    const xml = listing(
      `<IsTruncated>true</IsTruncated>${contents("a", "<Owner><ID>x</ID></Owner>")}${contents("b")}`,
    );

    expect(parseListXml(xml)).toEqual({
      entries: [
        { key: "a", size: 7, lastModifiedMs: Date.UTC(2026, 10, 22, 4) },
        { key: "b", size: 7, lastModifiedMs: Date.UTC(2026, 10, 22, 4) },
      ],
      isTruncated: true,
    });
  });

  it("decodes keys when the listing says that they are url-encoded", () => {
    const xml = listing(`<EncodingType>url</EncodingType>${contents("a%2Bb+c%3D/%E2%82%AC")}`);

    expect(parseListXml(xml)?.entries[0]?.key).toBe("a+b c=/€");
  });

  it("takes keys as they are when the listing does not say so", () => {
    expect(parseListXml(listing(contents("a%2B+&amp;&#x20AC;&#8364;")))?.entries[0]?.key).toBe(
      "a%2B+&€€",
    );
  });

  it("reads an empty listing", () => {
    expect(parseListXml(listing("<KeyCount>0</KeyCount>"))).toEqual({
      entries: [],
      isTruncated: false,
    });
  });

  it.each([
    ["an error", "<Error><Code>NoSuchBucket</Code></Error>"],
    ["a listing that was cut", listing(contents("a")).slice(0, -20)],
    ["an object without a size", listing("<Contents><Key>a</Key></Contents>")],
    ["a key that does not decode", listing(`<EncodingType>url</EncodingType>${contents("%E2")}`)],
  ])("refuses %s", (_what, xml) => {
    expect(parseListXml(xml)).toBeUndefined();
  });
});

describe("elementText()", () => {
  it("finds the code of an error and unescapes it once", () => {
    expect(elementText("<Error><Code>A&amp;lt;B</Code></Error>", "Code")).toBe("A&lt;B");
  });
});
