import { describe, expect, it } from "vitest";

import type { HostRule } from "../../../src/egress/host-rules.ts";
import { judge, judgeSocket, type EgressContext } from "../../../src/egress/judge.ts";
import { bucketRules, declaredHost, platformHosts } from "../../../src/egress/region-hosts.ts";
import { warehouseHosts } from "../../../src/egress/warehouse-hosts.ts";

function context(rules: readonly HostRule[], changes: Partial<EgressContext> = {}): EgressContext {
  return { region: "eu", purpose: "test", rules, development: false, ...changes };
}

/** The level of what matched, or why not. */
function verdict(given: EgressContext, url: string, authorization?: string): string {
  const judged = judge(given, new URL(url), { header: () => authorization });
  return judged.ok ? judged.value : judged.error;
}

const EU = context(platformHosts("eu"));
const US = context(platformHosts("us"), { region: "us" });
const ACCOUNT = "0123456789abcdef".repeat(2);

describe("the platform's hosts", () => {
  it.each([
    ["s3.eu-west-1.amazonaws.com", "platform", "host-not-allowed"],
    ["bucket.s3.eu-central-1.amazonaws.com", "platform", "host-not-allowed"],
    ["s3.dualstack.eu-west-1.amazonaws.com", "platform", "host-not-allowed"],
    ["sts.eu-west-1.amazonaws.com", "platform", "host-not-allowed"],
    [`${ACCOUNT}.eu.r2.cloudflarestorage.com`, "platform", "host-not-allowed"],
    ["s3.us-west-2.amazonaws.com", "host-not-allowed", "platform"],
    ["sts.us-east-1.amazonaws.com", "host-not-allowed", "platform"],
    [`${ACCOUNT}.us.r2.cloudflarestorage.com`, "host-not-allowed", "platform"],
    ["s3.eu-west-2.amazonaws.com", "host-not-allowed", "host-not-allowed"],
    ["s3.amazonaws.com", "host-not-allowed", "host-not-allowed"],
    ["sts.amazonaws.com", "host-not-allowed", "host-not-allowed"],
    [`${ACCOUNT}.r2.cloudflarestorage.com`, "host-not-allowed", "host-not-allowed"],
    ["s3.eu-west-1.amazonaws.com.example.com", "host-not-allowed", "host-not-allowed"],
    ["xs3.eu-west-1.amazonaws.com", "host-not-allowed", "host-not-allowed"],
    ["s3-eu-west-1.amazonaws.com", "host-not-allowed", "host-not-allowed"],
  ])("%s: for eu %s, for us %s", (host, forEu, forUs) => {
    expect([verdict(EU, `https://${host}/`), verdict(US, `https://${host}/`)]).toEqual([
      forEu,
      forUs,
    ]);
  });
});

describe("judge()", () => {
  it.each([
    ["http://s3.eu-west-1.amazonaws.com/", "not-https"],
    ["https://s3.eu-west-1.amazonaws.com:8443/", "host-not-allowed"],
    ["https://user:secret@s3.eu-west-1.amazonaws.com/", "credentials-in-url"],
    ["https://s3.eu-west-1.amazonaws.com./", "odd-host"],
    ["https://S3.EU-WEST-1.amazonaws.com/", "platform"],
    ["https://s3%2eeu-west-1.amazonaws.com/", "platform"],
    ["https://s3.eu-west-1.ämazonaws.com/", "host-not-allowed"],
    ["https://ѕ3.eu-west-1.amazonaws.com/", "host-not-allowed"],
    ["https://0x7f.1/", "private-address"],
    ["https://2130706433/", "private-address"],
    ["https://0251.0376.0251.0376/", "private-address"],
    ["https://169.254.169.254/latest/meta-data/", "private-address"],
    ["https://[::ffff:169.254.169.254]/", "private-address"],
    ["https://[64:ff9b::169.254.169.254]/", "private-address"],
    ["ftp://s3.eu-west-1.amazonaws.com/", "not-https"],
  ])("takes %s for %s", (url, wanted) => {
    expect(verdict(EU, url)).toBe(wanted);
  });

  it("refuses a private address although a workspace declared it", () => {
    expect(verdict(context([declaredHost("10.0.0.8")]), "https://10.0.0.8/")).toBe(
      "private-address",
    );
  });

  it("refuses the loopback address outside of development although a rule names it", () => {
    const rule = declaredHost("127.0.0.1", 8080);

    expect(verdict(context([rule]), "https://127.0.0.1:8080/")).toBe("private-address");
  });

  it("reaches in development only what a rule names of its own stack", () => {
    const own = context([declaredHost("127.0.0.1", 8080)], { development: true });

    expect(verdict(own, "http://127.0.0.1:8080/")).toBe("declared");
    expect(verdict(own, "http://127.0.0.1:8081/")).toBe("host-not-allowed");
    expect(verdict(own, "http://127.0.0.2:8080/")).toBe("private-address");
  });

  it("shows what a workspace declared as its own statement", () => {
    const rules = [declaredHost("hooks.example.de")];

    expect(verdict(context(rules), "https://hooks.example.de/in")).toBe("declared");
  });

  it("refuses everything where no rule is", () => {
    expect(verdict(context([]), "https://s3.eu-west-1.amazonaws.com/")).toBe("host-not-allowed");
  });
});

describe("a region in the path", () => {
  const vwo = context([
    {
      host: "dev.visualwebsiteoptimizer.com",
      pathPrefix: "/eu01",
      level: "region_by_account",
    },
  ]);

  it.each([
    ["/eu01/events", "region_by_account"],
    ["/eu01", "region_by_account"],
    ["/events", "region-not-shown"],
    ["/eu012/events", "region-not-shown"],
    ["/EU01/events", "region-not-shown"],
    ["/eu01/../events", "region-not-shown"],
    ["/eu01/%2e%2e/events", "region-not-shown"],
    ["/eu01/..%2fevents", "region-not-shown"],
    ["/eu01/..%5cevents", "region-not-shown"],
  ])("%s is %s", (path, wanted) => {
    expect(verdict(vwo, `https://dev.visualwebsiteoptimizer.com${path}`)).toBe(wanted);
  });
});

describe("a region in the key", () => {
  const hubspot = context([
    { host: "api.hubapi.com", check: "hubspot-eu1-key", level: "region_by_account" },
  ]);
  const fullstory = context([
    { host: "api.fullstory.com", check: "fullstory-eu1-key", level: "region_by_account" },
  ]);

  it.each([
    ["Bearer pat-eu1-0123", "region_by_account"],
    ["Bearer pat-na1-0123", "region-not-shown"],
    ["Bearer x-pat-eu1-0123", "region-not-shown"],
    [undefined, "region-not-shown"],
  ])("HubSpot with %s is %s", (key, wanted) => {
    expect(verdict(hubspot, "https://api.hubapi.com/crm", key)).toBe(wanted);
  });

  it.each([
    ["Basic eu1.abc", "region_by_account"],
    [`Basic ${btoa("eu1.abc:")}`, "region_by_account"],
    ["Basic na1.abc", "region-not-shown"],
    ["Basic ***", "region-not-shown"],
  ])("FullStory with %s is %s", (key, wanted) => {
    expect(verdict(fullstory, "https://api.fullstory.com/v2", key)).toBe(wanted);
  });
});

describe("a region in the tenant's name", () => {
  it("is stated as that name, and no other tenant is reached", () => {
    const rules = [{ host: "acme.fra1.qualtrics.com", level: "region_by_account" }] as const;

    expect(verdict(context(rules), "https://acme.fra1.qualtrics.com/API")).toBe(
      "region_by_account",
    );
    expect(verdict(context(rules), "https://other.fra1.qualtrics.com/API")).toBe(
      "host-not-allowed",
    );
  });
});

describe("bucketRules()", () => {
  it("allow that bucket of the host and no other", () => {
    const rules = bucketRules("eu", "https://s3.eu-west-1.amazonaws.com/mine", false);

    expect(verdict(context(rules), "https://s3.eu-west-1.amazonaws.com/mine/a.gz")).toBe(
      "platform",
    );
    expect(verdict(context(rules), "https://s3.eu-west-1.amazonaws.com/mine2/a.gz")).toBe(
      "region-not-shown",
    );
  });

  it.each([
    "https://s3.us-west-2.amazonaws.com/bucket",
    "https://s3.amazonaws.com/bucket",
    "https://s3.eu-west-1.amazonaws.com:9000/bucket",
    "http://127.0.0.1:9000/bucket",
  ])("are none for %s, whatever the settings say", (url) => {
    expect(bucketRules("eu", url, false)).toEqual([]);
  });
});

describe("judgeSocket()", () => {
  const eu = context(warehouseHosts("eu"));
  const us = context(warehouseHosts("us"), { region: "us" });
  const socket = (given: EgressContext, hostname: string, port = 5432): string => {
    const judged = judgeSocket(given, { hostname, port });
    return judged.ok ? judged.value : judged.error;
  };

  it.each([
    ["db1.abcdefghijkl.eu-west-1.rds.amazonaws.com", "vendor_endpoint", "host-not-allowed"],
    ["db1.cluster-abc.eu-central-1.rds.amazonaws.com", "vendor_endpoint", "host-not-allowed"],
    ["ep-cool-1-pooler.eu-central-1.aws.neon.tech", "vendor_endpoint", "host-not-allowed"],
    ["aws-0-eu-west-3.pooler.supabase.com", "vendor_endpoint", "host-not-allowed"],
    ["aws-1-us-east-1.pooler.supabase.com", "host-not-allowed", "vendor_endpoint"],
    ["ep-cool-1.us-east-2.aws.neon.tech", "host-not-allowed", "vendor_endpoint"],
    // London and Zurich are not in the European Union.
    ["db1.abcdefghijkl.eu-west-2.rds.amazonaws.com", "host-not-allowed", "host-not-allowed"],
    ["ep-cool-1.eu-west-2.aws.neon.tech", "host-not-allowed", "host-not-allowed"],
    ["db1.abcdefghijkl.eu-central-2.rds.amazonaws.com", "host-not-allowed", "host-not-allowed"],
    ["aws-x-eu-west-3.pooler.supabase.com", "host-not-allowed", "host-not-allowed"],
    ["db.abcdefgh.supabase.co", "host-not-allowed", "host-not-allowed"],
    ["eu-west-1.rds.amazonaws.com", "host-not-allowed", "host-not-allowed"],
    ["db1.eu-west-1.rds.amazonaws.com.example.com", "host-not-allowed", "host-not-allowed"],
  ])("%s: for eu %s, for us %s", (host, forEu, forUs) => {
    expect([socket(eu, host), socket(us, host)]).toEqual([forEu, forUs]);
  });

  it("asks for the port as well", () => {
    expect(socket(eu, "ep-cool-1.eu-central-1.aws.neon.tech", 25)).toBe("host-not-allowed");
  });

  it.each([
    ["127.0.0.1", "private-address"],
    ["0x7f000001", "odd-host"],
    ["2130706433", "odd-host"],
    ["::1", "private-address"],
    ["db.example.com.", "odd-host"],
    ["", "odd-host"],
  ])("refuses %j with %s, although it was declared", (host, wanted) => {
    expect(socket(context([declaredHost(host, 5432)]), host)).toBe(wanted);
  });

  it("opens no socket to a host that is known by a path or a key only", () => {
    const byPath = { host: "a.example.com", port: 443, pathPrefix: "/eu", level: "none" } as const;

    expect(socket(context([byPath]), "a.example.com", 443)).toBe("host-not-allowed");
  });
});
