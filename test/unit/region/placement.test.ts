import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatName, type ObjectName, placeOf } from "../../../src/region/object-names.ts";
import { locate, standing, type Namespace } from "../../../src/region/placement.ts";
import { objectNames } from "../../support/region-samples.ts";

const EU = "src_eu_0123456789abcdef0123456789";
const US = "src_us_0123456789abcdef0123456789";
const EU_QUEUE = { kind: "queue", sourceId: EU, ingestRegion: "eu1", shard: 3 } as const;
const AP_QUEUE = { kind: "queue", sourceId: US, ingestRegion: "ap1", shard: 0 } as const;

/** A namespace that writes down what it is asked for; its stubs are the text of the whole way. */
function fakeNamespace(): { readonly asked: string[]; readonly namespace: Namespace<string> } {
  const asked: string[] = [];
  const within = (way: string): Namespace<string> => ({
    jurisdiction: (jurisdiction) => {
      asked.push(`jurisdiction ${jurisdiction}`);
      return within(`${way}${jurisdiction}/`);
    },
    getByName: (name, options) => {
      asked.push(`get ${name}${options?.locationHint ? ` near ${options.locationHint}` : ""}`);
      return way + name;
    },
  });
  return { asked, namespace: within("/") };
}

/** What the platform would tell an object of itself, had it been reached by `name`. */
function selfOf(name: ObjectName): { readonly name: string; readonly jurisdiction?: string } {
  const place = placeOf(name);
  const text = formatName(name);
  return place.kind === "jurisdiction"
    ? { name: text, jurisdiction: place.jurisdiction }
    : { name: text };
}

/** The name by which a simulated object is reached. */
function simulatedName(name: ObjectName): string {
  return locate(fakeNamespace().namespace, name, "simulated").slice(1);
}

describe("locate()", () => {
  it.each([
    ["eu", { kind: "workspace", workspaceId: "ws_eu_0123456789abcdef" }],
    ["us", { kind: "workspace", workspaceId: "ws_us_0123456789abcdef" }],
    ["eu", { kind: "directory", region: "eu" }],
    ["us", { kind: "directory", region: "us" }],
    ["eu", { kind: "archive", sourceId: EU }],
    ["us", { kind: "archive", sourceId: US }],
    ["eu", { kind: "archive-month", sourceId: EU, month: "2026-11" }],
    ["us", { kind: "archive-month", sourceId: US, month: "2026-11" }],
    ["eu", EU_QUEUE],
    ["us", { kind: "queue", sourceId: US, ingestRegion: "us1", shard: 0 }],
    ["eu", { kind: "queue", sourceId: US, ingestRegion: "eu1", shard: 0 }],
  ] as const)("asks for the jurisdiction %s, and nothing else, for %o", (jurisdiction, name) => {
    const { asked, namespace } = fakeNamespace();

    locate(namespace, name, "enforced");

    expect(asked).toEqual([`jurisdiction ${jurisdiction}`, `get ${formatName(name)}`]);
  });

  it("takes the object from inside the jurisdiction", () => {
    const { namespace } = fakeNamespace();

    expect(locate(namespace, EU_QUEUE, "enforced")).toBe(`/eu/${formatName(EU_QUEUE)}`);
  });

  it.each([
    ["ap1", "apac"],
    ["au1", "oc"],
  ] as const)("asks for no jurisdiction but a hint at %s", (ingestRegion, hint) => {
    const { asked, namespace } = fakeNamespace();
    const name = { kind: "queue", sourceId: US, ingestRegion, shard: 0 } as const;

    locate(namespace, name, "enforced");

    expect(asked).toEqual([`get ${formatName(name)} near ${hint}`]);
  });

  it("reaches no queue at a place that its home does not allow", () => {
    const { asked, namespace } = fakeNamespace();

    expect(() => locate(namespace, { ...EU_QUEUE, ingestRegion: "us1" }, "enforced")).toThrow();
    expect(asked).toEqual([]);
  });

  it("passes the platform's refusal on and reaches nothing else", () => {
    const { asked, namespace } = fakeNamespace();
    const refusing: Namespace<string> = {
      ...namespace,
      jurisdiction: () => {
        throw new Error("Jurisdiction restrictions are not implemented");
      },
    };

    expect(() => locate(refusing, EU_QUEUE, "enforced")).toThrow("not implemented");
    expect(asked).toEqual([]);
  });

  it("asks for no jurisdiction while simulated, and puts the place into the name", () => {
    fc.assert(
      fc.property(objectNames, (name) => {
        const { asked, namespace } = fakeNamespace();
        const place = placeOf(name);
        const where = place.kind === "jurisdiction" ? place.jurisdiction : place.hint;

        locate(namespace, name, "simulated");

        expect(asked).toEqual([`get simulated:${where}:${formatName(name)}`]);
      }),
    );
  });
});

describe("standing()", () => {
  it("accepts every object where locate() puts it", () => {
    fc.assert(
      fc.property(objectNames, (name) => {
        expect(standing(selfOf(name), "enforced").name).toEqual(name);
      }),
    );
  });

  it("accepts every simulated object by the name locate() gives it", () => {
    fc.assert(
      fc.property(objectNames, (name) => {
        expect(standing({ name: simulatedName(name) }, "simulated").name).toEqual(name);
      }),
    );
  });

  it.each([
    ["jurisdiction", selfOf(EU_QUEUE), "enforced"],
    ["best-effort", selfOf(AP_QUEUE), "enforced"],
    ["none", { name: simulatedName(EU_QUEUE) }, "simulated"],
  ] as const)("calls its evidence %s for %o", (evidence, self, jurisdictions) => {
    expect(standing(self, jurisdictions).evidence).toBe(evidence);
  });

  it.each([
    ["the other jurisdiction", { name: formatName(EU_QUEUE), jurisdiction: "us" }],
    ["an unknown jurisdiction", { name: formatName(EU_QUEUE), jurisdiction: "fedramp" }],
    ["no jurisdiction", { name: formatName(EU_QUEUE) }],
    [
      "a jurisdiction where only a hint belongs",
      { name: formatName(AP_QUEUE), jurisdiction: "us" },
    ],
    ["no name", { jurisdiction: "eu" }],
    ["a foreign name", { name: "room-42", jurisdiction: "eu" }],
    ["a simulated name", { name: simulatedName(EU_QUEUE), jurisdiction: "eu" }],
    ["a queue its home does not allow", { name: `queue:${EU}:us1:0`, jurisdiction: "us" }],
  ])("refuses to serve with %s", (_, self) => {
    expect(() => standing(self, "enforced")).toThrow(/^outside_jurisdiction: /);
  });

  it.each([
    ["no name", {}],
    ["a name that is not simulated", { name: formatName(EU_QUEUE) }],
    ["a name of another place", { name: `simulated:us:${formatName(EU_QUEUE)}` }],
    ["a name without a place", { name: `simulated:${formatName(EU_QUEUE)}` }],
    ["a foreign name in the right place", { name: "simulated:eu:room-42" }],
    ["a real jurisdiction", { name: simulatedName(EU_QUEUE), jurisdiction: "eu" }],
  ])("refuses to serve while simulated with %s", (_, self) => {
    expect(() => standing(self, "simulated")).toThrow(/^outside_jurisdiction: /);
  });
});
