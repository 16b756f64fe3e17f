import { describe, expect, it } from "vitest";

import { openApiDocument } from "../../../src/api/openapi.ts";
import { OPERATIONS } from "../../../src/api/operations.ts";
import { PROBLEMS } from "../../../src/api/problem.ts";
import { MOUNTED } from "../../../src/api/router.ts";

type Described = { readonly responses: Record<string, unknown>; readonly requestBody?: unknown };
type Paths = Record<string, Record<string, Described>>;

const { paths } = openApiDocument(OPERATIONS) as { paths: Paths };

function described(): string[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

describe("the OpenAPI document", () => {
  it("lists every call that is mounted and none that is not", () => {
    const mounted = MOUNTED.map(
      ({ method, path }) => `${method} ${(path ?? "").replaceAll(/:(\w+)/g, "{$1}")}`,
    );

    expect(described().toSorted((a, b) => a.localeCompare(b))).toEqual(
      mounted.toSorted((a, b) => a.localeCompare(b)),
    );
  });

  it("has one entry for each call", () => {
    expect(described()).toHaveLength(OPERATIONS.length);
  });

  it("is the same after a round through JSON", () => {
    const document = openApiDocument(OPERATIONS);

    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });

  it("requires the body of a call that has one, with its fields closed", () => {
    expect(paths["/api/v1/sources"]?.["post"]?.requestBody).toMatchObject({
      required: true,
      content: {
        "application/json": { schema: { required: ["name"], additionalProperties: false } },
      },
    });
  });

  it("names no status for which there is no problem or success", () => {
    const known = new Set<number>(Object.values(PROBLEMS).map((problem) => problem.status));
    const statuses = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ responses }) => Object.keys(responses).map(Number));

    expect(statuses.filter((status) => status >= 300 && !known.has(status))).toEqual([]);
  });
});
