import { describe, expect, it } from "vitest";

import { SettingsReader } from "../../../src/core/settings-reader.ts";
import {
  readEdgeCheck,
  readEgressCidrs,
  readHosts,
  readRegionalServices,
} from "../../../src/region/host-settings.ts";

const HOSTS = "events.eu1.example.com=eu1,api.example.com=us1,in.ap1.example.com=ap1";

/** What `work` reads from these settings, and the problems it finds. */
function read<T>(
  vars: Readonly<Record<string, string>>,
  work: (read: SettingsReader) => T,
): { readonly value: T; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const value = work(new SettingsReader(vars, problems));
  return { value, problems };
}

function regionalServices(text: string) {
  return read({ HOSTS, REGIONAL_SERVICES: text }, (reader) =>
    readRegionalServices(reader, readHosts(reader)),
  );
}

describe("readEdgeCheck()", () => {
  it.each([
    [{}, false, true],
    [{}, true, false],
    [{ EDGE_CHECK: "on" }, true, true],
    [{ EDGE_CHECK: "on" }, false, true],
    [{ EDGE_CHECK: "off" }, true, false],
  ])("%j, development %s: %s", (vars, development, wanted) => {
    const { value, problems } = read<boolean>(vars, (reader) => readEdgeCheck(reader, development));

    expect([value, problems]).toEqual([wanted, []]);
  });

  it("cannot be switched off in production", () => {
    const { problems } = read({ EDGE_CHECK: "off" }, (reader) => readEdgeCheck(reader, false));

    expect(problems).toEqual([expect.stringContaining('EDGE_CHECK is "off"')]);
  });

  it("refuses another word", () => {
    const { problems } = read({ EDGE_CHECK: "maybe" }, (reader) => readEdgeCheck(reader, true));

    expect(problems).toEqual([expect.stringContaining('EDGE_CHECK is "maybe"')]);
  });
});

describe("readRegionalServices()", () => {
  it("takes hosts of any ingest region", () => {
    const { value, problems } = regionalServices(
      "events.eu1.example.com=eu, in.ap1.example.com=sg",
    );

    expect(problems).toEqual([]);
    expect([...value]).toEqual([
      ["events.eu1.example.com", "eu"],
      ["in.ap1.example.com", "sg"],
    ]);
  });

  it("is empty by default", () => {
    expect(regionalServices("").value.size).toBe(0);
  });

  it.each([
    ["a host that is not in HOSTS", "other.example.com=eu", "a host of HOSTS"],
    ["a host without a region", "events.eu1.example.com", "write host=region"],
    ["a region that the host's ingest region is not in", "events.eu1.example.com=us", "says us"],
    ["the other way round", "api.example.com=eu", "says eu"],
  ])("refuses %s", (_title, text, wanted) => {
    const { value, problems } = regionalServices(text);

    expect([value.size, problems]).toEqual([0, [expect.stringContaining(wanted)]]);
  });
});

describe("readEgressCidrs()", () => {
  it("reads a list for each region", () => {
    const { value, problems } = read(
      { EGRESS_CIDRS_EU: "203.0.113.0/29, 2001:db8::/64" },
      (reader) => readEgressCidrs(reader),
    );

    expect([value, problems]).toEqual([{ us: [], eu: ["203.0.113.0/29", "2001:db8::/64"] }, []]);
  });

  it("refuses what is no range", () => {
    const { problems } = read({ EGRESS_CIDRS_US: "example.com" }, (reader) =>
      readEgressCidrs(reader),
    );

    expect(problems).toEqual([expect.stringContaining("EGRESS_CIDRS_US")]);
  });
});
