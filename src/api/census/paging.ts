import { object, optional, string } from "valibot";

import type { Place } from "../../sync/ports.ts";

/** Census's numbers. */
const PER_PAGE_DEFAULT = 25;
const PER_PAGE_MAX = 100;

/** What clients may say of a list; what is not understood counts as not said, as at Census. */
export const pagingEntries = {
  page: optional(string()),
  per_page: optional(string()),
  order: optional(string()),
};

export const pagingQuery = object(pagingEntries);

type Asked = {
  readonly page?: string | undefined;
  readonly per_page?: string | undefined;
  readonly order?: string | undefined;
};

/** The piece of a list that a client asks for; page 0 is the first one too. */
export function placeOf({ page, per_page: perPage, order }: Asked): Place {
  const limit = Math.min(wholeOf(perPage) || PER_PAGE_DEFAULT, PER_PAGE_MAX);
  const number = Math.max(1, wholeOf(page));
  return { offset: (number - 1) * limit, limit, isNewestFirst: order !== "asc" };
}

/** What is told of a list beside its piece. */
export function paginationOf({ offset, limit }: Place, total: number) {
  const page = offset / limit + 1;
  const lastPage = Math.max(1, Math.ceil(total / limit));
  return {
    total_records: total,
    per_page: limit,
    prev_page: page > 1 ? page - 1 : null,
    page,
    next_page: page < lastPage ? page + 1 : null,
    last_page: lastPage,
  };
}

function wholeOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
