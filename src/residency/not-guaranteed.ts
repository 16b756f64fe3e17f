import type { HomeRegion } from "../core/ids.ts";

/**
 * What Homeport does not guarantee, as the residency report prints it. docs/residency.md says the
 * same at more length; a test holds that each title stands there.
 */
export type NotGuaranteed = {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** Home regions it is about; all unless it says otherwise. */
  readonly regions?: readonly HomeRegion[];
  /** Only in that mode of jurisdictions. */
  readonly onlyWhenSimulated?: true;
};

export const NOT_GUARANTEED: readonly NotGuaranteed[] = [
  {
    id: "simulated",
    title: "Simulated jurisdictions",
    text: "This deployment runs on a developer's machine. Objects carry their region in their name only, and nothing in this report is evidence of where they ran.",
    onlyWhenSimulated: true,
  },
  {
    id: "edge-tls",
    title: "Where TLS ends",
    text: "A jurisdiction binds objects, not the Worker in front of them. Without Cloudflare's Regional Services on the host, requests are decrypted at the Cloudflare location nearest to the sender. The edge check then refuses or counts them, after they were decrypted there.",
  },
  {
    id: "region-not-city",
    title: "The region, not a city",
    text: "Jurisdiction eu means the European Union, jurisdiction us the United States: Cloudflare does not say in which city or member state an object ran. Only the buckets are in a named AWS region.",
  },
  {
    id: "best-effort-ingest",
    title: "Best-effort ingest regions",
    text: "ap1 and au1 are location hints: Cloudflare tries and does not promise. Events of a source set to them wait there until they are archived at home. eu1 is a jurisdiction, but not the home of a us workspace either.",
    regions: ["us"],
  },
  {
    id: "object-ids",
    title: "Ids and names of objects",
    text: "Cloudflare uses them for billing and debugging outside the jurisdiction. They hold ids of ours and no personal data.",
  },
  {
    id: "request-metadata",
    title: "Request metadata and metrics",
    text: "Cloudflare keeps the client's IP address, URL, user agent and country of a request in its own logs, and counts and durations in its metrics, wherever it processes them.",
  },
  {
    id: "global-secrets",
    title: "Code, settings and secrets",
    text: "Workers are deployed to every location, with their variables and secrets, also the keys of the buckets. A source's settings are in a Worker's memory for seconds, wherever it runs.",
  },
  {
    id: "administrators",
    title: "Administrators",
    text: "Whoever administers the Cloudflare or the AWS account can deploy other code, read any object and any bucket, from anywhere. What they do is in those accounts' own audit logs, not in this one.",
  },
  {
    id: "vendors-word",
    title: "What vendors state",
    text: "That a jurisdiction, a bucket's region or a vendor's regional endpoint keeps data where its name says is that vendor's statement. Homeport records which one it used; it cannot look behind it.",
  },
  {
    id: "copies-of-others",
    title: "Copies that others make of a bucket",
    text: "Where a bucket keeps versions, a deletion removes the older ones of every object that it rewrites or removes. Replicas and backups of a bucket, and versions of what somebody else wrote over or removed there, are beyond it.",
  },
  {
    id: "foreign-law",
    title: "Foreign law",
    text: "Residency is where data is, not whose law reaches it. Cloudflare and AWS are companies of the United States, and can be ordered there to hand over data that they hold in the European Union.",
  },
  {
    id: "evidence-window",
    title: "What evidence is",
    text: "Evidence is written by the code that it is about. A contact is written down before the first request to a host; counts within a minute, and this report has them some minutes later. A crash loses counts of that minute, never a host. Totals of a host begin with the life of the object that counted.",
  },
];

/** Those that are about a workspace of that home and mode. */
export function notGuaranteedFor(
  home: HomeRegion,
  { isSimulated }: { readonly isSimulated: boolean },
): readonly NotGuaranteed[] {
  return NOT_GUARANTEED.filter(
    ({ regions, onlyWhenSimulated }) =>
      (regions ?? [home]).includes(home) && (onlyWhenSimulated !== true || isSimulated),
  );
}
