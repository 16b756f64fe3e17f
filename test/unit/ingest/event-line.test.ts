import { describe, expect, it } from "vitest";

import { acceptBatch, acceptOne, lineOf, RECEIVED_AT } from "../../support/accepted.ts";

/** The one line that a batch of one event becomes, as a value. */
function eventOf(item: string, envelope = "", stamp = {}): Record<string, unknown> {
  const line = lineOf(acceptBatch(`{"batch":[${item}]${envelope}}`, stamp));
  return JSON.parse(line) as Record<string, unknown>;
}

const IDS = '"type":"track","event":"e","userId":"u","messageId":"m"';

describe("a line", () => {
  it("holds what the server adds, then the event byte by byte", () => {
    const rest = `${IDS},"properties":{"a":1.0,"b":[1e999,12345678901234567890],"c":"\\u00e9é"}`;

    expect(lineOf(acceptBatch(`{"batch":[{${rest}}]}`))).toBe(
      `{"receivedAt":"${RECEIVED_AT}","projectId":"src_eu_0","channel":"server","version":2,` +
        `"timestamp":"${RECEIVED_AT}",${rest}}`,
    );
  });

  it("keeps numbers, escapes, __proto__ and double keys inside an object as they were sent", () => {
    const properties = '{"__proto__":{"x":1},"a":1,"a":2,"n":-0.0,"s":"\\ud800\\/\\u0000"}';

    expect(lineOf(acceptBatch(`{"batch":[{${IDS},"properties":${properties}}]}`))).toContain(
      `"properties":${properties}`,
    );
  });

  it("keeps explicit nulls of absent ids", () => {
    expect(eventOf(`{${IDS},"anonymousId":null}`)).toHaveProperty("anonymousId", null);
  });

  it("has the last of a known member that came twice, and only that", () => {
    const line = lineOf(acceptBatch(`{"batch":[{"userId":"first",${IDS},"userId":"last"}]}`));

    expect(line.match(/"userId":"[^"]*"/g)).toEqual(['"userId":"last"']);
  });

  it("is of the last batch, when an envelope has two", () => {
    const line = lineOf(acceptBatch(`{"batch":[{${IDS},"n":1}],"batch":[{${IDS},"n":2}]}`));

    expect(line).toContain('"n":2');
  });

  it("knows a member whose name is written with escapes", () => {
    expect(lineOf(acceptBatch(`{"batch":[{${IDS},"writ\\u0065Key":"secret"}]}`))).not.toContain(
      "secret",
    );
  });

  it("never holds a write key, neither the event's nor the envelope's", () => {
    const line = lineOf(acceptBatch(`{"writeKey":"wk_1","batch":[{"writeKey":"wk_2",${IDS}}]}`));

    expect(line).not.toContain("wk_");
  });

  it("replaces receivedAt and projectId that the caller made up", () => {
    expect(eventOf(`{${IDS},"receivedAt":"2001-01-01","projectId":"x"}`)).toMatchObject({
      receivedAt: RECEIVED_AT,
      projectId: "src_eu_0",
    });
  });

  it("keeps a version and a channel that the caller gave", () => {
    expect(eventOf(`{${IDS},"version":"1.1","channel":"mobile"}`)).toMatchObject({
      version: "1.1",
      channel: "mobile",
    });
  });

  it("loses the line breaks between tokens, so that one event stays one line", () => {
    const pretty = `{\r\n ${IDS.replaceAll(",", ",\n")},\n"properties":\r{\n"a":\n1}}`;

    expect(lineOf(acceptBatch(`{"batch":[${pretty}]}`))).not.toMatch(/[\r\n]/);
  });

  it("reads the same after its line breaks are gone", () => {
    expect(eventOf(`{\n${IDS},\n"properties":\n{"a":"\\n"}}`)).toHaveProperty("properties", {
      a: "\n",
    });
  });
});

describe("type", () => {
  it("comes from the path when the event has none", () => {
    const line = lineOf(acceptOne('{"userId":"u","groupId":"g"}', {}, "group"));

    expect(JSON.parse(line)).toHaveProperty("type", "group");
  });

  it("comes from the path when the body says another", () => {
    const line = lineOf(acceptOne('{"type":"identify","userId":"u","event":"e"}', {}, "track"));

    expect(line.match(/"type":"[a-z]*"/g)).toEqual(['"type":"track"']);
  });
});

describe("messageId", () => {
  it("is made when missing", () => {
    expect(eventOf('{"type":"identify","userId":"u"}')["messageId"]).toMatch(
      /^hp-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it.each(["null", '""'])("is made when it is %s, and stands once", (messageId) => {
    const line = lineOf(
      acceptBatch(`{"batch":[{"type":"identify","userId":"u","messageId":${messageId}}]}`),
    );

    expect(line.match(/"messageId":"hp-|"messageId":/g)).toEqual(['"messageId":"hp-']);
  });
});

describe("times", () => {
  it("are corrected by the batch's sentAt, and the caller's timestamp is kept as original", () => {
    const item = `{${IDS},"timestamp":"2026-11-22T10:00:00.000Z","sentAt":"2001-01-01T00:00:00Z"}`;

    expect(eventOf(item, ',"sentAt":"2026-11-22T10:00:05.000Z"')).toMatchObject({
      timestamp: "2026-11-22T11:59:55.000Z",
      originalTimestamp: "2026-11-22T10:00:00.000Z",
      sentAt: "2026-11-22T10:00:05.000Z",
      receivedAt: RECEIVED_AT,
    });
  });

  it("are corrected by the event's own sentAt when the batch has none", () => {
    const item = `{${IDS},"timestamp":"2026-11-22T10:00:00Z","sentAt":"2026-11-22T10:00:01Z"}`;

    expect(eventOf(item)).toHaveProperty("timestamp", "2026-11-22T11:59:59.000Z");
  });

  it("are the caller's when nobody said when it was sent", () => {
    expect(eventOf(`{${IDS},"timestamp":"2020-01-01T00:00:00+01:00"}`)).toMatchObject({
      timestamp: "2019-12-31T23:00:00.000Z",
      originalTimestamp: "2020-01-01T00:00:00+01:00",
    });
  });

  it.each(['"yesterday"', "1e999", "-1e20", "{}", '"\\u0000"'])(
    "keep nonsense (%s) as original and use the server's",
    (timestamp) => {
      const line = lineOf(acceptBatch(`{"batch":[{${IDS},"timestamp":${timestamp}}]}`));

      expect(line).toContain(`"timestamp":"${RECEIVED_AT}","originalTimestamp":${timestamp}`);
    },
  );

  it("take an originalTimestamp when there is no timestamp", () => {
    expect(eventOf(`{${IDS},"originalTimestamp":"2020-01-01T00:00:00Z"}`)).toHaveProperty(
      "timestamp",
      "2020-01-01T00:00:00.000Z",
    );
  });

  it("are one receivedAt for all events of a batch", () => {
    const { lines } = acceptBatch(`{"batch":[{${IDS}},{${IDS}}]}`);

    expect(new TextDecoder().decode(lines).match(/"receivedAt":"[^"]*"/g)).toEqual([
      `"receivedAt":"${RECEIVED_AT}"`,
      `"receivedAt":"${RECEIVED_AT}"`,
    ]);
  });
});

describe("context", () => {
  const batchContext = ',"context":{"library":{"name":"b"},"locale":"de"}';

  it("is the batch's under the event's, one level deep", () => {
    const event = eventOf(`{${IDS},"context":{"library":{"version":"1"}}}`, batchContext);

    expect(event["context"]).toEqual({ library: { version: "1" }, locale: "de" });
  });

  it.each(["", ',"context":null', ',"context":{}'])(
    "is the batch's when the event has none (%s)",
    (context) => {
      expect(eventOf(`{${IDS}${context}}`, batchContext)["context"]).toEqual({
        library: { name: "b" },
        locale: "de",
      });
    },
  );

  it("is the last one of the batch's, when there are two", () => {
    const twice = ',"context":{"a":1},"context":{"b":2}';

    expect(eventOf(`{${IDS}}`, twice)["context"]).toEqual({ b: 2 });
  });

  it("is left alone when it is no object", () => {
    expect(eventOf(`{${IDS},"context":"x"}`, batchContext)["context"]).toBe("x");
  });

  it("keeps the numbers of the batch's as they were sent", () => {
    const line = lineOf(acceptBatch(`{"context":{"n":1.0e3},"batch":[{${IDS}}]}`));

    expect(line).toContain('"context":{"n":1.0e3}');
  });
});

describe("context.ip", () => {
  const ip = "203.0.113.7";
  const client = { channel: "client", ip } as const;

  it("is filled in for a call of a client path", () => {
    expect(eventOf(`{${IDS},"context":{"a":1}}`, "", client)["context"]).toEqual({ ip, a: 1 });
  });

  it("is filled in where an event has no context", () => {
    expect(eventOf(`{${IDS}}`, "", client)["context"]).toEqual({ ip });
  });

  it("is not filled in for a call of a server path", () => {
    expect(eventOf(`{${IDS},"context":{"a":1}}`, "", { ip })["context"]).toEqual({ a: 1 });
  });

  it("is filled in for a server path when context.direct is true", () => {
    expect(eventOf(`{${IDS},"context":{"direct":true}}`, "", { ip })["context"]).toEqual({
      ip,
      direct: true,
    });
  });

  it("is filled in when the batch's context.direct is true", () => {
    expect(eventOf(`{${IDS}}`, ',"context":{"direct":true}', { ip })["context"]).toEqual({
      ip,
      direct: true,
    });
  });

  it.each([
    ['"direct":false,"direct":true', true],
    ['"direct":true,"direct":false', false],
  ])("goes by the last of two: %s", (members, isFilledIn) => {
    const line = lineOf(acceptBatch(`{"batch":[{${IDS},"context":{${members}}}]}`, { ip }));

    expect(line.includes(ip)).toBe(isFilledIn);
  });

  it.each(["false", '"true"', "1"])("is not filled in when context.direct is %s", (direct) => {
    const event = eventOf(`{${IDS},"context":{"direct":${direct}}}`, "", { ip });

    expect(event["context"]).not.toHaveProperty("ip");
  });

  it.each(['"0.0.0.0"', "null"])("stays what the caller put there (%s)", (own) => {
    const event = eventOf(`{${IDS},"context":{"ip":${own}}}`, "", client);

    expect(event["context"]).toEqual({ ip: JSON.parse(own) as unknown });
  });

  it("stays what the caller put into the batch's context", () => {
    expect(eventOf(`{${IDS}}`, ',"context":{"ip":"10.0.0.1"}', client)["context"]).toEqual({
      ip: "10.0.0.1",
    });
  });
});

describe("integrations", () => {
  it("are the batch's under the event's", () => {
    const event = eventOf(
      `{${IDS},"integrations":{"All":false}}`,
      ',"integrations":{"All":true,"Amplitude":{"session_id":1}}',
    );

    expect(event["integrations"]).toEqual({ All: false, Amplitude: { session_id: 1 } });
  });

  it("are the batch's when the event has none", () => {
    expect(eventOf(`{${IDS}}`, ',"integrations":{"All":false}')["integrations"]).toEqual({
      All: false,
    });
  });
});
