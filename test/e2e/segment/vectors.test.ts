import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import { openHomeport, type ArchivedEvent, type Homeport } from "../../support/homeport.ts";
import { jsonOf, sendRaw, type RawAnswer, type RawRequest } from "../../support/raw-request.ts";

/** What an SDK that cannot run here sends, and what has to become of it. */
type Vector = {
  readonly name: string;
  readonly request: RawRequest & { readonly pixelData?: unknown };
  readonly expected: {
    readonly status: number;
    /** The answer's JSON, or `gif` for the picture of one pixel. */
    readonly body: unknown;
    readonly lines: readonly ExpectedLine[];
  };
};

type ExpectedLine = {
  /** Part of the line; found by its messageId. */
  readonly line: Readonly<Record<string, unknown>>;
  /** By how much `timestamp` has to be before `receivedAt`. */
  readonly behindMs?: number;
  /** Texts that have to stand in the line as they were sent. */
  readonly text?: readonly string[];
  /** Dotted names of what may not be in the line. */
  readonly absent?: readonly string[];
};

const VECTORS = JSON.parse(
  readFileSync(new URL("../../vectors/sdk-requests.json", import.meta.url), "utf8"),
) as readonly Vector[];

const EXPECTED_LINES = VECTORS.flatMap(({ name, expected }) =>
  expected.lines.map((line) => ({ name, id: String(line.line["messageId"]), ...line })),
);

/** Rows whose first columns stand in the titles of tests. */
const byName = VECTORS.map((vector) => [vector.name, vector] as const);
const byId = EXPECTED_LINES.map((line) => [line.name, line.id, line] as const);

const CLIENT_ADDRESS = "203.0.113.7";

let stack: Stack;
let homeport: Homeport;
const answers = new Map<string, RawAnswer>();
/** Lines of the archive by messageId, as text. */
const archived = new Map<string, readonly string[]>();
let archivedEvents: readonly ArchivedEvent[];

beforeAll(async () => {
  stack = await startStack({ vars: { SEAL_SECONDS: "1" } });
  homeport = openHomeport(stack);
  const workspace = await homeport.createWorkspace("eu");
  const source = await homeport.createSource(workspace, { ip: "full", pixel: true });
  for (const { name, request } of VECTORS) {
    answers.set(name, await sendRaw(homeport.hostOf("eu1"), fillIn(request, source.writeKey)));
  }
  archivedEvents = await homeport.settledEvents(source);
  const text = (await homeport.files(source)).map((file) => file.text).join("");
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const { messageId } = JSON.parse(line) as { readonly messageId: string };
    archived.set(messageId, [...(archived.get(messageId) ?? []), line]);
  }
});

afterAll(async () => {
  await stack.stop();
});

/** Puts the key, in all its forms, where the vector names it. */
function fillIn({ pixelData, ...request }: Vector["request"], writeKey: string): RawRequest {
  const fill = (text: string): string =>
    text
      .replaceAll("{{writeKey}}", writeKey)
      .replaceAll("{{basic}}", Buffer.from(`${writeKey}:`).toString("base64"))
      .replaceAll("{{basicWithoutColon}}", Buffer.from(writeKey).toString("base64"));
  const data = Buffer.from(fill(JSON.stringify(pixelData ?? null))).toString("base64url");
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [name, fill(value)]);
  return {
    ...request,
    path: fill(request.path).replace("{{pixelData}}", data),
    headers: { ...Object.fromEntries(headers), "cf-connecting-ip": CLIENT_ADDRESS },
    ...(typeof request.body === "string" ? { body: fill(request.body) } : {}),
  };
}

function valueAt(event: unknown, dottedName: string): unknown {
  return dottedName
    .split(".")
    .reduce((value, name) => (value as ArchivedEvent | undefined)?.[name], event);
}

describe("recorded requests of SDKs", () => {
  it.each(byName)("%s: answers as the SDK wants it", (name, { expected }) => {
    const answer = answers.get(name);

    const isGif = answer?.headers["content-type"] === "image/gif";
    const body =
      answer && (isGif ? answer.body.toString("latin1", 0, 3).toLowerCase() : jsonOf(answer));
    expect({ status: answer?.status, body }).toEqual({
      status: expected.status,
      body: expected.body,
    });
  });

  it.each(byId)("%s: %s stands once in the archive as it was sent", (_, id, expected) => {
    const [line = "{}", ...more] = archived.get(id) ?? [];

    expect(more).toEqual([]);
    expect(JSON.parse(line)).toMatchObject(expected.line);
    for (const text of expected.text ?? []) expect(line).toContain(text);
  });

  it.each(byId.filter(([, , { behindMs }]) => behindMs !== undefined))(
    "%s: %s has its time corrected by the client's clock",
    (_, id, { behindMs }) => {
      const line = JSON.parse(archived.get(id)?.[0] ?? "{}") as Record<string, string>;

      const { receivedAt = "", timestamp = "" } = line;
      expect(Date.parse(receivedAt) - Date.parse(timestamp)).toBe(behindMs);
    },
  );

  it.each(byId.filter(([, , { absent }]) => absent !== undefined))(
    "%s: %s is without what does not belong there",
    (_, id, { absent = [] }) => {
      const line: unknown = JSON.parse(archived.get(id)?.[0] ?? "{}");

      expect(line).not.toEqual({});
      expect(absent.map((name) => valueAt(line, name))).toEqual(absent.map(() => undefined));
    },
  );

  it("stores nothing besides what the vectors say", () => {
    expect(archivedEvents).toHaveLength(EXPECTED_LINES.length);
  });
});
