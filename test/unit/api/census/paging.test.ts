import { describe, expect, it } from "vitest";

import { paginationOf, placeOf } from "../../../../src/api/census/paging.ts";

describe("placeOf()", () => {
  it.each([
    [{}, { offset: 0, limit: 25, isNewestFirst: true }],
    [{ page: "0" }, { offset: 0, limit: 25, isNewestFirst: true }],
    [
      { page: "3", per_page: "10", order: "asc" },
      { offset: 20, limit: 10, isNewestFirst: false },
    ],
    [{ per_page: "1000" }, { offset: 0, limit: 100, isNewestFirst: true }],
    [
      { page: "x", per_page: "-1", order: "up" },
      { offset: 0, limit: 25, isNewestFirst: true },
    ],
  ])("reads %j as Census does", (query, place) => {
    expect(placeOf(query)).toEqual(place);
  });
});

describe("paginationOf()", () => {
  it("has one page for an empty list", () => {
    const place = placeOf({});

    expect(paginationOf(place, 0)).toMatchObject({ page: 1, last_page: 1, next_page: null });
  });

  it("names the pages before and after", () => {
    const place = placeOf({ page: "2", per_page: "10" });

    expect(paginationOf(place, 21)).toMatchObject({ prev_page: 1, next_page: 3, last_page: 3 });
  });
});
