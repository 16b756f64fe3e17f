import type { IngestRegion } from "../../../src/region/regions.ts";
import type { Homeport, TestSource, TestWorkspace } from "../homeport.ts";
import {
  CENSUS_DOCUMENT,
  operationsOf,
  requestOf,
  type Fixture,
  type ListedOperation,
} from "../matrix/operations.ts";
import { sendRaw } from "../raw-request.ts";
import { answerMayHold } from "./answers.ts";
import { WEBHOOK_HOST } from "./faults.ts";
import type { Piece } from "./find-marks.ts";
import type { Marks } from "./marks.ts";
import { shapesOf } from "./shapes.ts";

type Paths = Readonly<
  Record<
    string,
    Readonly<
      Record<
        string,
        { readonly parameters?: readonly { readonly name: string; readonly in: string }[] }
      >
    >
  >
>;

/** Everything that a stack is asked while marks are in it, and what it answered. */
export class CanaryRun {
  readonly marks: Marks;
  readonly answers: Piece[] = [];
  /** Names that objects have, as far as calls of this run make any. */
  readonly sources: TestSource[] = [];
  readonly workspaces: TestWorkspace[] = [];
  /** Operations that were called and did what they are for. */
  readonly succeeded = new Set<string>();
  readonly #homeport: Homeport;
  /** Of sources that have one. */
  readonly #destinations = new Map<string, string>();
  #document: unknown;
  #operations: readonly ListedOperation[] = [];

  constructor(homeport: Homeport, marks: Marks) {
    this.#homeport = homeport;
    this.marks = marks;
  }

  async listOperations(): Promise<readonly ListedOperation[]> {
    const answer = await fetch(`${this.#homeport.stack.url}/api/openapi.json`);
    this.#document = await answer.json();
    this.#operations = operationsOf(this.#document);
    return this.#operations;
  }

  /** Names of all parameters that stand in a path or a query of the management API. */
  parameters(): readonly string[] {
    const documents = [this.#document, CENSUS_DOCUMENT] as readonly { readonly paths: Paths }[];
    const methods = documents.flatMap(({ paths }) => Object.values(paths));
    const all = methods.flatMap(Object.values).flatMap(({ parameters = [] }) => parameters);
    return [...new Set(all.filter((each) => each.in !== "header").map(({ name }) => name))];
  }

  /** A workspace whose names are marks, and whose invite and token are known as secrets. */
  async createWorkspace(region: "eu" | "us"): Promise<TestWorkspace> {
    const { marks } = this;
    const name = `${marks.mint("name", `workspace ${region}`)} "\u00fc"`;
    const { operatorToken } = this.#homeport.stack;
    const made = await this.call(operatorToken, "POST", "/api/v1/workspaces", { name, region });
    const invite = String(made["invite"]);
    const { workspace, token } = await this.call("", "POST", "/api/v1/invites/redeem", { invite });
    const { id } = workspace as { readonly id: string };
    const held = { id, region, token: String(token) };
    this.workspaces.push(held);
    return held;
  }

  async createSource(workspace: TestWorkspace, settings: object = {}): Promise<TestSource> {
    const number = this.sources.length;
    const name = this.marks.mint("name", `source ${number}`);
    const draft = { name, ...settings };
    const made = await this.call(workspace.token, "POST", "/api/v1/sources", draft);
    const { id } = made["source"] as { readonly id: string };
    const source = { id, writeKey: String(made["writeKey"]), workspace };
    this.marks.learn("write-key", `write key ${number}`, source.writeKey);
    this.sources.push(source);
    return source;
  }

  /** A destination of the source, with secrets that only its vendor may see. */
  async createWebhook({ id, workspace }: TestSource): Promise<string> {
    const { marks } = this;
    const made = await this.call(workspace.token, "POST", "/api/v1/destinations", {
      name: marks.mint("name", `destination ${marks.all().length}`),
      slug: "webhook",
      sourceId: id,
      hosts: [WEBHOOK_HOST],
      settings: {
        url: `https://${WEBHOOK_HOST}/in`,
        secret: marks.text("webhook's secret"),
        headers: JSON.stringify({ authorization: `Bearer ${marks.text("webhook's header")}` }),
      },
    });
    const { id: destinationId } = made["destination"] as { readonly id: string };
    if (!this.#destinations.has(id)) this.#destinations.set(id, destinationId);
    return destinationId;
  }

  /** Has the source's workspace tell a webhook of its alerts from now on, and of a test. */
  async hearOfAlerts({ workspace: { token } }: TestSource): Promise<void> {
    await this.call(token, "PUT", "/api/v1/alerts/webhook", {
      url: `https://${WEBHOOK_HOST}/alerts`,
      hosts: [WEBHOOK_HOST],
      secret: this.marks.text("webhook's secret"),
    });
    await this.call(token, "POST", "/api/v1/alerts/webhook/test");
  }

  /** One call of the management API; its answer is kept. */
  async call(
    token: string,
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const request = new Request(`http://homeport.invalid${path}`, {
      method,
      headers: {
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
        "content-type": "application/json",
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return objectIn(await this.#ask(`${method} ${patternOf(path)}`, request));
  }

  /** All shapes of the tracking API. */
  async track(
    source: TestSource,
    run: string,
    region: IngestRegion = source.workspace.region === "eu" ? "eu1" : "us1",
  ): Promise<void> {
    const host = this.#homeport.hostOf(region);
    await Promise.all(
      shapesOf(this.marks, source, run).map(async ({ name, raw }) => {
        const answer = await sendRaw(host, raw).catch(() => undefined);
        if (answer === undefined) return;
        if (answer.status === 200) this.succeeded.add(name);
        const values = [JSON.stringify(answer.headers), answer.body];
        this.#keep("answer to a request", name, values, answerMayHold(name));
      }),
    );
  }

  /** All operations of the OpenAPI document, those that delete last. */
  async operate(fixture: Fixture): Promise<void> {
    for (const isDelete of [false, true]) {
      const those = this.#operations.filter(({ method }) => (method === "DELETE") === isDelete);
      await Promise.all(
        those.map(async (operation) => {
          const request = requestOf(operation, fixture);
          const body = request.body === null ? undefined : await request.text();
          const named = new Request(request.url, {
            method: request.method,
            headers: request.headers,
            ...(body === undefined ? {} : { body: this.#filled(operation.path, body) }),
          });
          const name = `${operation.method} ${patternOf(operation.path)}`;
          await this.#ask(name, named).catch(() => {});
        }),
      );
    }
  }

  /** What is shown of faults while they last. */
  async askHowItIs({ id, workspace }: TestSource): Promise<void> {
    const paths = [
      `/api/v1/sources/${id}/metrics`,
      `/api/v1/sources/${id}/files/rebuild`,
      `/api/v1/sources/${id}/files/suspects`,
      "/api/v1/alerts",
      "/api/v1/audit",
      "/api/v1/residency",
    ];
    await Promise.all(paths.map((path) => this.call(workspace.token, "GET", path)));
  }

  /** What an operation may need, made while nothing is wrong. */
  async fixture(
    workspace: TestWorkspace,
    source: TestSource,
    run: string,
    syncs?: Fixture["syncs"],
  ): Promise<Fixture> {
    const { marks } = this;
    const { operatorToken } = this.#homeport.stack;
    const spare = await this.createSource(workspace);
    const made = await this.call(workspace.token, "POST", "/api/v1/tokens", {
      name: marks.mint("name", `token ${this.sources.length}`),
      rights: ["viewer"],
    });
    const invited = await this.call(operatorToken, "POST", "/api/v1/workspaces", {
      name: marks.mint("name", `unused workspace ${this.sources.length}`),
      region: "eu",
    });
    this.#learnFrom(made, invited);
    return {
      operatorToken,
      source,
      spare,
      spareTokenId: String(made["id"]),
      destinationId: this.destinationOf(source),
      syncs,
      messageId: `${marks.text("messageId")}-${run}-track`,
      invite: String(invited["invite"]),
      leaverToken: (await this.createWorkspace("eu")).token,
      config: await this.call(workspace.token, "GET", "/api/v1/workspace/config"),
    };
  }

  /** The id of the source's destination; its own id where it has none. */
  destinationOf({ id }: TestSource): string {
    return this.#destinations.get(id) ?? id;
  }

  /** The body with a mark for each text: the id of a user, or a name. */
  #filled(path: string, body: string): string {
    const isAboutUsers = /^\/api\/v1\/(?:regulations|suppressions|subject-access)/.test(path);
    const text = isAboutUsers
      ? this.marks.text("subject of a request")
      : this.marks.mint("name", `name ${this.marks.all().length}`);
    return body.replaceAll('"example"', JSON.stringify(text));
  }

  async #ask(name: string, request: Request): Promise<string> {
    const { stack } = this.#homeport;
    const { pathname, search } = new URL(request.url);
    const body = request.body === null ? {} : { body: await request.text() };
    const { method, headers } = request;
    const answer = await fetch(stack.url + pathname + search, { method, headers, ...body });
    const text = await answer.text();
    if (answer.ok) this.succeeded.add(name);
    if (answer.ok) this.#learnFrom(objectIn(text));
    const values = [JSON.stringify([...answer.headers]), text];
    this.#keep("answer of the API", name, values, answerMayHold(name));
    return text;
  }

  /** Secrets that an answer hands out once. */
  #learnFrom(...answers: readonly Readonly<Record<string, unknown>>[]): void {
    for (const { token, invite, writeKey } of answers) {
      if (typeof token === "string") {
        this.marks.learn("token", "token", token);
        this.marks.learn(
          "token",
          "secret part of a token",
          token.slice(token.lastIndexOf("_") + 1),
        );
      }
      if (typeof invite === "string") this.marks.learn("invite", "invite", invite);
      if (typeof writeKey === "string") this.marks.learn("write-key", "write key", writeKey);
    }
  }

  #keep(area: string, where: string, values: Piece["values"], mayHold: Piece["mayHold"]): void {
    this.answers.push({ area, where, values, mayHold });
  }
}

const PATHS_OF_ONE =
  /^(\/api\/v1\/(?:sources|tokens|destinations|regulations|subject-access|connections|syncs))\/[^/]+/;

/** The path as the OpenAPI document writes it, without what this call put in. */
function patternOf(path: string): string {
  const { pathname } = new URL(path.replaceAll(/:(\w+)/g, "{$1}"), "http://homeport.invalid");
  return decodeURIComponent(pathname)
    .replace(/(\/write-keys)\/[^/]+$/, "$1/{version}")
    .replace(/(\/events)\/[^/]+$/, "$1/{messageId}")
    .replace(/(\/filters)\/(?!preview$)[^/]+$/, "$1/{filterId}")
    .replace(/(\/runs)\/[^/]+/, "$1/{run}")
    .replace(/^(\/census\/api\/v1\/[a-z_]+)\/(?!test_status$)[^/]+/, "$1/{id}")
    .replace(PATHS_OF_ONE, "$1/{id}");
}

/** What an answer says, when it is one JSON object. */
function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
