/** Five of Segment's destinations, with settings that their code accepts, and the hosts they reach. */
export const FIVE_DESTINATIONS = [
  { slug: "amplitude", settings: { apiKey: "a", secretKey: "s" }, host: "api.eu.amplitude.com" },
  {
    slug: "mixpanel",
    settings: { projectToken: "t", apiSecret: "s" },
    host: "api-eu.mixpanel.com",
  },
  {
    slug: "braze",
    settings: { api_key: "k", endpoint: "https://rest.fra-01.braze.eu" },
    host: "rest.fra-01.braze.eu",
  },
  { slug: "customerio", settings: { siteId: "s", apiKey: "k" }, host: "track-eu.customer.io" },
  { slug: "posthog", settings: { api_key: "k", project_id: "1" }, host: "eu.i.posthog.com" },
] as const;
