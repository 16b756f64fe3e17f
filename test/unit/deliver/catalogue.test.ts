import { readFileSync } from "node:fs";

import {
  array,
  optional,
  picklist,
  pipe,
  regex,
  safeParse,
  strictObject,
  string,
  url,
  boolean,
  record,
} from "valibot";
import { describe, expect, it } from "vitest";

import { descriptionsText } from "../../../scripts/kit/describe.ts";
import { regionalSupportText } from "../../../scripts/kit/regional-support.ts";
import { canEnable, prepareEnable } from "../../../src/deliver/catalogue/can-enable.ts";
import { CATALOGUE } from "../../../src/deliver/catalogue/catalogue.ts";
import { destinationRules } from "../../../src/deliver/catalogue/egress-rules.ts";

const FOLDER = "src/deliver/catalogue";

const host = pipe(string(), regex(/^(?:\*\.)?[a-z0-9#-]+(?:\.[a-z0-9-]+)+(?:\/[a-z0-9]+)?$/));
const hosts = optional(array(host));
const date = pipe(string(), regex(/^\d{4}-\d{2}-\d{2}$/));

const regionEntry = strictObject({
  level: picklist(["vendor_endpoint", "region_by_account", "declared", "none"]),
  hosts: optional(
    strictObject({ delivery: hosts, "credential-test": hosts, deletion: hosts, oauth: hosts }),
  ),
  hostSetting: optional(string()),
  keyCheck: optional(picklist(["hubspot-eu1-key", "fullstory-eu1-key", "fullstory-na1-key"])),
  statement: optional(strictObject({ url: pipe(string(), url()), date })),
  note: optional(string()),
});

const file = strictObject({
  readOn: date,
  destinations: array(
    strictObject({
      slug: pipe(string(), regex(/^[a-z0-9-]+$/)),
      name: string(),
      region: optional(
        strictObject({ setting: string(), eu: array(string()), us: array(string()) }),
      ),
      env: optional(record(string(), string())),
      extra: optional(array(strictObject({ key: string(), label: string(), secret: boolean() }))),
      eu: regionEntry,
      us: regionEntry,
    }),
  ),
});

const ALL = CATALOGUE.flatMap((entry) =>
  (["eu", "us"] as const).map((region) => [`${entry.slug} in ${region}`, entry[region]] as const),
);

describe("the catalogue's data file", () => {
  it("has the form that is documented", () => {
    const data: unknown = JSON.parse(readFileSync(`${FOLDER}/destinations.json`, "utf8"));

    expect(safeParse(file, data).issues).toBeUndefined();
  });

  it("has at least 40 destinations, each once", () => {
    const slugs = new Set(CATALOGUE.map(({ slug }) => slug));

    expect([slugs.size >= 40, slugs.size]).toEqual([true, CATALOGUE.length]);
  });

  it("links the vendor's statement wherever it says that there is one", () => {
    const unproven = ALL.filter(([, { level, statement }]) => {
      return level === "vendor_endpoint" && statement === undefined;
    });

    expect(unproven).toEqual([]);
  });

  it("says why wherever the vendor's statement is missing", () => {
    const unexplained = ALL.filter(([, { level, note }]) => {
      return level !== "vendor_endpoint" && note === undefined;
    });

    expect(unexplained).toEqual([]);
  });

  it("names hosts where it can be enabled, and none where it cannot", () => {
    const wrong = ALL.filter(([, { level, hosts: listed, hostSetting }]) => {
      const hasHosts = hostSetting !== undefined || (listed?.delivery ?? []).length > 0;
      return hasHosts === (level === "none");
    });

    expect(wrong).toEqual([]);
  });

  it("lists no host in both regions, but where key, path or declaration tells them apart", () => {
    const shared = CATALOGUE.filter(({ eu, us }) => {
      const isTold = eu.keyCheck !== undefined || eu.level === "declared";
      const inEu = eu.hosts?.delivery ?? [];
      return !isTold && inEu.some((each) => (us.hosts?.delivery ?? []).includes(each));
    });

    expect(shared.map(({ slug }) => slug)).toEqual([]);
  });
});

describe("files that are derived from it", () => {
  it("kit-descriptions.json is of the kit that is installed", async () => {
    const held: unknown = JSON.parse(readFileSync(`${FOLDER}/kit-descriptions.json`, "utf8"));

    expect(held).toEqual(JSON.parse(await descriptionsText()));
  });

  it("docs/regional-support.md is of the data file", () => {
    const plain = (text: string): string => text.replaceAll(/[ |-]+/g, " ").trim();

    expect(plain(readFileSync("docs/regional-support.md", "utf8"))).toBe(
      plain(regionalSupportText()),
    );
  });
});

describe("canEnable()", () => {
  it("refuses a region without an endpoint with the reason and what would do", () => {
    expect(canEnable("klaviyo", "eu")).toEqual({
      ok: false,
      error: {
        kind: "no_endpoint_in_region",
        reason: "One host for all accounts, and no statement of the vendor that it is in the EU.",
        alternatives: [
          expect.stringContaining("webhook"),
          "Enable it in a workspace whose home region is us.",
        ],
      },
    });
  });

  it("refuses what the catalogue does not have", () => {
    expect(canEnable("nobody", "eu")).toEqual({
      ok: false,
      error: { kind: "unknown_destination" },
    });
  });
});

describe("prepareEnable()", () => {
  const none = { settings: {}, declaredHosts: [] };

  it("chooses the setting that selects the region", () => {
    const settings = { endpoint: "north_america" };

    expect(prepareEnable("amplitude", "eu", { ...none, settings })).toEqual({
      ok: true,
      value: { endpoint: "europe" },
    });
  });

  it.each([["https://rest.iad-01.braze.com"], [undefined]])(
    "refuses the place %s where the vendor has several others in the region",
    (endpoint) => {
      expect(prepareEnable("braze", "eu", { ...none, settings: { endpoint } })).toEqual({
        ok: false,
        error: {
          kind: "setting_not_in_region",
          setting: "endpoint",
          allowed: ["https://rest.fra-01.braze.eu", "https://rest.fra-02.braze.eu"],
        },
      });
    },
  );

  it("takes a place of the vendor's in the region", () => {
    const settings = { endpoint: "https://rest.fra-02.braze.eu" };

    expect(prepareEnable("braze", "eu", { ...none, settings })).toEqual({
      ok: true,
      value: settings,
    });
  });

  it("asks for a declaration where only the workspace can say where the host is", () => {
    expect(prepareEnable("attio", "eu", none)).toEqual({
      ok: false,
      error: { kind: "host_not_declared", hosts: ["api.attio.com"] },
    });
  });

  it("asks for the host that the settings name", () => {
    const settings = { customURL: "https://eu1.api.voucherify.io/" };

    expect(prepareEnable("voucherify", "eu", { ...none, settings })).toEqual({
      ok: false,
      error: { kind: "host_not_declared", hosts: ["eu1.api.voucherify.io"] },
    });
  });
});

describe("destinationRules()", () => {
  const entry = (slug: string): (typeof CATALOGUE)[number] => {
    const found = CATALOGUE.find((each) => each.slug === slug);
    if (found === undefined) throw new Error(`Cannot find ${slug}`);
    return found;
  };
  const none = { settings: {}, declaredHosts: [] };

  it("allows hosts for what is being done only", () => {
    expect(destinationRules(entry("amplitude"), "eu", ["deletion"], none)).toEqual([
      { host: "analytics.eu.amplitude.com", level: "vendor_endpoint" },
    ]);
  });

  it("asks for the path where only that shows the region", () => {
    expect(destinationRules(entry("vwo"), "eu", ["delivery"], none)).toEqual([
      { host: "dev.visualwebsiteoptimizer.com", pathPrefix: "/eu01", level: "region_by_account" },
    ]);
  });

  it("asks for the key where only that shows the region", () => {
    expect(destinationRules(entry("fullstory"), "eu", ["delivery"], none)).toMatchObject([
      { host: "api.fullstory.com", check: "fullstory-eu1-key" },
    ]);
  });

  it("allows nothing in a region without an endpoint", () => {
    expect(destinationRules(entry("klaviyo"), "eu", ["delivery", "deletion"], none)).toEqual([]);
  });

  it("allows of a pattern only the names that were declared", () => {
    const declaredHosts = ["acme.pipedrive.com", "pipedrive.com.example.com"];

    expect(
      destinationRules(entry("pipedrive"), "us", ["delivery"], { ...none, declaredHosts }),
    ).toEqual([{ host: "acme.pipedrive.com", level: "declared" }]);
  });
});
