import {
  array,
  boolean,
  literal,
  maxLength,
  minLength,
  number,
  object,
  optional,
  picklist,
  pipe,
  record,
  strictObject,
  string,
  union,
} from "valibot";

/** Bytes of an FQL condition, as Segment has it. */
const FQL_CHARS_MAX = 5_120;
const TITLE_CHARS_MAX = 64;
const ACTIONS_MAX = 10;

const fields = record(string(), array(string()));

const action = union([
  strictObject({ type: literal("DROP") }),
  strictObject({ type: literal("DROP_PROPERTIES"), fields }),
  strictObject({ type: literal("ALLOW_PROPERTIES"), fields }),
  strictObject({ type: literal("SAMPLE"), percent: number(), path: optional(string()) }),
]);

/** What makes a filter, besides whether it is on. */
export const filterParts = {
  title: pipe(string(), minLength(1), maxLength(TITLE_CHARS_MAX)),
  if: pipe(string(), minLength(1), maxLength(FQL_CHARS_MAX)),
  actions: pipe(array(action), minLength(1), maxLength(ACTIONS_MAX)),
};

export const filterView = object({
  id: string(),
  title: string(),
  if: string(),
  actions: array(
    object({
      type: picklist(["DROP", "DROP_PROPERTIES", "ALLOW_PROPERTIES", "SAMPLE"]),
      fields: optional(fields),
      percent: optional(number()),
      path: optional(string()),
    }),
  ),
  enabled: boolean(),
});
