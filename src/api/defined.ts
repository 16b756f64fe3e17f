/** The type without `undefined` as a value: a field that is not there is absent. */
export type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops the fields that are `undefined`, which schemas of optional fields may leave behind. */
export function defined<T extends object>(value: T): Defined<T> {
  const entries = Object.entries(value).filter(([, held]) => held !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}
