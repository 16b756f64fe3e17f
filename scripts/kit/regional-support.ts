import {
  CATALOGUE,
  type CatalogueEntry,
  type HostUse,
  type RegionEntry,
} from "../../src/deliver/catalogue/catalogue.ts";
import { AWS_REGIONS, WAREHOUSE_VENDORS } from "../../src/egress/warehouse-hosts.ts";
import type { HomeRegion } from "../../src/core/ids.ts";

const INTRODUCTION = `# Regional support of destinations

Generated from \`src/deliver/catalogue/destinations.json\` by \`npx -c 'node scripts/describe-kit.ts'\`;
a test fails while it is stale, and another one while the kit contacts a host that is not listed.

A destination may be enabled in a region where its level is not \`none\`. What is known of its hosts:

| level | means |
|---|---|
| \`vendor_endpoint\` | the vendor names the host as its endpoint of the region, on the page that is linked |
| \`region_by_account\` | the region follows from the host's name, the path, the key or the tenant; no page of the vendor that names this very host as the region's was found |
| \`declared\` | only the workspace can say it: it has to declare the host, and reports show that as its own statement |
| \`none\` | no endpoint in the region: it cannot be enabled there |

The setting that selects the region is chosen by Homeport and cannot be given. Where a vendor has
several places in a region the workspace says which of them. Whatever the code of a destination does,
the egress guard lets it reach the hosts of its region only, for the listed uses only.
`;

const USES: readonly (readonly [HostUse, string])[] = [
  ["delivery", ""],
  ["credential-test", "credential test: "],
  ["deletion", "deletion: "],
  ["oauth", "OAuth: "],
];

/** The text of docs/regional-support.md. */
export function regionalSupportText(): string {
  return [
    INTRODUCTION,
    summary(),
    "## Destinations\n",
    "| destination | eu | us |",
    "|---|---|---|",
    ...CATALOGUE.map(row),
    "",
    "## Segment's own list of EU endpoints",
    "",
    SEGMENTS_LIST,
    "",
    "## Not offered",
    "",
    "| what | why |",
    "|---|---|",
    ...NOT_OFFERED.map(([what, why]) => `| ${what} | ${why} |`),
    "",
    "## Warehouses",
    "",
    "Hosts whose name shows that they are in the region; any other has to be declared.",
    "",
    "| vendor | host |",
    "|---|---|",
    ...WAREHOUSE_VENDORS.map(
      ({ vendor, host, source, readOn }) =>
        `| ${vendor}, [${readOn}](${source}) | ${hostList([host])} |`,
    ),
    "",
    ...(["eu", "us"] as const).map(
      (region) => `\`{aws}\` in \`${region}\`: ${hostList(AWS_REGIONS[region])}.`,
    ),
    "",
    "## Sources",
    "",
    "A source is reached by its SDK at the host of its ingest region; see docs/residency.md. Cloud",
    "sources, which fetch from a vendor, are not offered; their types are refused in `eu` by name.",
    "",
  ].join("\n");
}

/** Rows of Segment's regional table (2025-11) that it marks with an EU endpoint, and what came of each. */
const SEGMENTS_LIST = `Of the 26 destinations that Segment's regional table marks with an EU endpoint, 19 can be enabled in \`eu\`,
classic ones as their Actions successor: AB Smartly, Amplitude (2), Attio, AWS S3 (as our copy to a bucket), Braze (2),
Braze Cohorts, Customer.io (2), Dynamic Yield, Emarsys, FullStory, HubSpot, Iterable, Jimo, Mixpanel (2), MoEngage. Left out:
Braze Web, HubSpot Web and Intercom Web run in the page; LiveRamp sends through the AWS SDK's Node client; New Relic and
Repeater are not in the kit; Segment Connections hands its events back to Segment's own runtime.

The kit's code has EU hosts for more than that table says. Of these, enabled as well: Aampe, Acoustic, Airship, Amplitude
Cohorts, Appcues, CleverTap, Courier, Dotdigital (where the workspace declares its host: the vendor says "Europe"),
Gainsight PX, Heap, LaunchDarkly, Optimizely Data Platform and Advanced Audience Targeting, Ortto (2), Pendo Audiences,
PostHog, Qualtrics, Recombee, SendGrid, Userpilot, VWO. Left out: Amazon Ads, whose European accounts get their tokens
at a host in the United Kingdom; Launchpad, which has one host for both; Responsys and Segment Profiles, which send to
Segment. Intercom, Google Analytics 4, Algolia and Optimizely Feature Experimentation have EU hosts that the kit's code
does not send to.`;

/** What a user of Segment would look for in vain. */
const NOT_OFFERED: readonly (readonly [string, string])[] = [
  ["Salesforce Marketing Cloud", "the kit's package lacks a module that it imports (`xml-js`)"],
  [
    "Salesforce, Pardot, Google Ads, Google Sheets, Display & Video 360, Amazon Ads",
    "they sign in at one host for all regions, or with credentials of Segment's own app",
  ],
  [
    "Amazon EventBridge, Kinesis, AWS S3 (Actions), LiveRamp, The Trade Desk",
    "they send through the AWS SDK's Node client, which the egress guard cannot judge; copies to a bucket are a destination of ours",
  ],
  [
    "Kafka, SFTP, SingleStore",
    "they open sockets of their own, which the egress guard cannot judge",
  ],
  ["Redshift, BigQuery and Snowflake warehouses", "not offered yet; Postgres is"],
  ["Device-mode destinations", "they run in the page or the app, not here"],
];

function summary(): string {
  const count = (region: HomeRegion, level: string): number =>
    CATALOGUE.filter((entry) => entry[region].level === level).length;
  const levels = ["vendor_endpoint", "region_by_account", "declared", "none"];
  return [
    `Of ${CATALOGUE.length} destinations of Segment's kit:\n`,
    "| level | eu | us |",
    "|---|---|---|",
    ...levels.map((level) => `| \`${level}\` | ${count("eu", level)} | ${count("us", level)} |`),
    "",
  ].join("\n");
}

function row(entry: CatalogueEntry): string {
  return `| **${entry.name}**<br>\`${entry.slug}\` | ${cell(entry, "eu")} | ${cell(entry, "us")} |`;
}

function cell(entry: CatalogueEntry, region: HomeRegion): string {
  const support = entry[region];
  return [
    `\`${support.level}\`${statementOf(support)}`,
    ...USES.flatMap(([use, label]) => {
      const hosts = support.hosts?.[use] ?? [];
      return hosts.length === 0 ? [] : [`${label}${hostList(hosts)}`];
    }),
    ...(support.hostSetting === undefined
      ? []
      : [`the host in the setting \`${support.hostSetting}\``]),
    ...settingOf(entry, region),
    ...(support.note === undefined ? [] : [support.note]),
  ].join("<br>");
}

function statementOf({ statement }: RegionEntry): string {
  return statement === undefined ? "" : `, [${statement.date}](${statement.url})`;
}

function settingOf({ region }: CatalogueEntry, home: HomeRegion): readonly string[] {
  const values = region?.[home] ?? [];
  if (region === undefined || values.length !== 1) return [];
  return [`sets \`${region.setting}\` to \`${values[0]}\``];
}

function hostList(hosts: readonly string[]): string {
  return hosts.map((host) => `\`${host}\``).join(", ");
}
