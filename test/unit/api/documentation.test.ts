import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { CENSUS_OPERATIONS } from "../../../src/api/census/operations.ts";
import { OPERATIONS } from "../../../src/api/operations.ts";
import { PROBLEMS } from "../../../src/api/problem.ts";
import { VERSION } from "../../../src/version.ts";

const page = readFileSync("docs/management-api.md", "utf8");

describe("docs/management-api.md", () => {
  it.each(Object.entries(PROBLEMS))("lists the code %s with its status", (code, { status }) => {
    expect(page).toContain(`| \`${code}\` | ${status} |`);
  });

  it.each(
    [...OPERATIONS, ...CENSUS_OPERATIONS].map(({ method, path, access }) => [method, path, access]),
  )("lists %s %s for %s", (method, path, access) => {
    expect(page).toContain(`| \`${method} ${path}\` | ${access} |`);
  });
});

describe("VERSION", () => {
  it("is the version of package.json", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

    expect(VERSION).toBe(version);
  });
});
