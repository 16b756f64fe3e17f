/** One event of each type, with everything in it that mappings of the kit look for. */
export type SampleEvent = Readonly<Record<string, unknown>>;

const PERSON = {
  id: "user-1",
  email: "person@example.com",
  phone: "+14155552671",
  name: "Ann Example",
  first_name: "Ann",
  firstName: "Ann",
  last_name: "Example",
  lastName: "Example",
  gender: "f",
  birthday: "1990-05-04",
  createdAt: "2026-01-02T03:04:05.000Z",
  created_at: "2026-01-02T03:04:05.000Z",
  company: { id: "company-1", name: "Example" },
  address: {
    street: "1 Main Street",
    city: "Dublin",
    state: "Leinster",
    region: "Leinster",
    country: "IE",
    postal_code: "D01",
    postalCode: "D01",
  },
  username: "ann",
  title: "Dr",
  plan: "pro",
  timezone: "Europe/Dublin",
  language: "en",
};

const PRODUCT = {
  product_id: "product-1",
  id: "product-1",
  sku: "sku-1",
  name: "Thing",
  category: "Things",
  brand: "Example",
  price: 9.5,
  quantity: 2,
  currency: "EUR",
  url: "https://shop.example.com/thing",
  image_url: "https://shop.example.com/thing.png",
  query_id: "0123456789abcdef0123456789abcdef",
  queryID: "0123456789abcdef0123456789abcdef",
  objectID: "object-1",
  position: 1,
};

const PROPERTIES = {
  ...PERSON,
  ...PRODUCT,
  order_id: "order-1",
  checkout_id: "checkout-1",
  cart_id: "cart-1",
  total: 19,
  revenue: 19,
  value: 19,
  tax: 1,
  shipping: 2,
  discount: 1,
  coupon: "SAVE",
  currency: "EUR",
  products: [PRODUCT],
  query: "thing",
  search_index: "index",
  search: "thing",
  eventSubtype: "purchase",
  path: "/thing",
  url: "https://shop.example.com/thing",
  referrer: "https://www.example.com/",
  email: "person@example.com",
  list_id: "list-1",
  audience: true,
  variationId: "1",
  variation_id: "1",
  experiment_id: "1",
  session_id: "1",
  vwo: { customEventKey: "key" },
};

const CONTEXT = {
  ip: "192.0.2.1",
  locale: "en-IE",
  timezone: "Europe/Dublin",
  userAgent:
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36",
  library: { name: "analytics.js", version: "4.0.0" },
  page: {
    url: "https://shop.example.com/thing?fbclid=1&gclid=2&ttclid=3",
    path: "/thing",
    title: "Thing",
    referrer: "https://www.example.com/",
    search: "?fbclid=1",
  },
  app: { name: "App", version: "1.0", build: "1", namespace: "com.example" },
  device: {
    id: "device-1",
    type: "ios",
    manufacturer: "Apple",
    model: "iPhone",
    advertisingId: "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB",
    adTrackingEnabled: true,
    token: "token",
  },
  os: { name: "iOS", version: "17.0" },
  screen: { width: 390, height: 844, density: 3 },
  campaign: { name: "spring", source: "mail", medium: "email", term: "t", content: "c" },
  traits: PERSON,
  groupId: "group-1",
  integrations: {},
  personas: {
    computation_id: "aud_1",
    computation_key: "audience",
    computation_class: "audience",
    namespace: "spa_1",
    space_id: "spa_1",
    external_audience_id: "external-1",
    audience_settings: {
      audienceId: "1",
      audienceName: "audience",
      audience_name: "audience",
      identifier_type: "id_type",
      id_type: "BY_USER_ID",
    },
  },
};

/** Without what only events of audiences have. */
const { personas: _personas, ...PLAIN } = CONTEXT;

const COMMON = {
  userId: "user-1",
  anonymousId: "anonymous-1",
  messageId: "message-1",
  context: CONTEXT,
  integrations: { All: true },
  originalTimestamp: "2026-11-20T10:00:00.000Z",
  sentAt: "2026-11-20T10:00:00.000Z",
  receivedAt: "2026-11-20T10:00:01.000Z",
  timestamp: "2026-11-20T10:00:00.000Z",
};

/** Events as they are delivered, now: some destinations refuse old ones. */
export function sampleEvents(nowMs: number): readonly SampleEvent[] {
  const timestamp = new Date(nowMs).toISOString();
  const common = { ...COMMON, timestamp, receivedAt: timestamp, sentAt: timestamp };
  return [
    { ...common, type: "track", event: "Order Completed", properties: PROPERTIES },
    { ...common, type: "track", event: "Audience Entered", properties: PROPERTIES },
    { ...common, type: "track", event: "Order Completed", properties: PROPERTIES, context: PLAIN },
    { ...common, type: "identify", traits: { ...PERSON, audience: true } },
    { ...common, type: "page", name: "Thing", category: "Shop", properties: PROPERTIES },
    { ...common, type: "screen", name: "Thing", properties: PROPERTIES },
    { ...common, type: "group", groupId: "group-1", traits: { ...PERSON, name: "Example" } },
    { ...common, type: "alias", previousId: "previous-1" },
  ];
}
