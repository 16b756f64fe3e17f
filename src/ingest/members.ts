import { OTHER } from "./member-names.ts";

/** Numbers kept for a member: name, start, end of the name, value, end. */
export const MEMBER_FIELDS = 5;

/** Numbers kept for an event: start, end, first and last member, first and last of its context. */
export const ITEM_FIELDS = 6;

/** Members of one object or several, one after the other: name, and places in the bytes. */
export class Members {
  readonly #table: Int32Array;
  readonly count: number;

  /** @param table {@link MEMBER_FIELDS} numbers a member. */
  constructor(table: Int32Array = new Int32Array()) {
    this.#table = table;
    this.count = table.length / MEMBER_FIELDS;
  }

  /** The number of the name, as in `NAME`. */
  name(index: number): number {
    return this.#table[index * MEMBER_FIELDS] ?? OTHER;
  }

  /** At the opening quote of the name. */
  start(index: number): number {
    return this.#table[index * MEMBER_FIELDS + 1] ?? 0;
  }

  /** Past the closing quote of the name. */
  nameEnd(index: number): number {
    return this.#table[index * MEMBER_FIELDS + 2] ?? 0;
  }

  /** Where the value begins. */
  value(index: number): number {
    return this.#table[index * MEMBER_FIELDS + 3] ?? 0;
  }

  /** Past the last byte of the value. */
  end(index: number): number {
    return this.#table[index * MEMBER_FIELDS + 4] ?? 0;
  }
}

/** The events of a request, and their members and those of their contexts in one table each. */
export class Items {
  readonly #table: Int32Array;
  readonly count: number;
  readonly members: Members;
  readonly contexts: Members;

  /** @param table {@link ITEM_FIELDS} numbers an event. */
  constructor(table: Int32Array, members: Members, contexts: Members) {
    this.#table = table;
    this.count = table.length / ITEM_FIELDS;
    this.members = members;
    this.contexts = contexts;
  }

  start(index: number): number {
    return this.#table[index * ITEM_FIELDS] ?? 0;
  }

  end(index: number): number {
    return this.#table[index * ITEM_FIELDS + 1] ?? 0;
  }

  /** The first of its members. */
  first(index: number): number {
    return this.#table[index * ITEM_FIELDS + 2] ?? 0;
  }

  /** Past the last of its members. */
  last(index: number): number {
    return this.#table[index * ITEM_FIELDS + 3] ?? 0;
  }

  /** The first of its context's members. */
  contextFirst(index: number): number {
    return this.#table[index * ITEM_FIELDS + 4] ?? 0;
  }

  /** Past the last of its context's members. */
  contextLast(index: number): number {
    return this.#table[index * ITEM_FIELDS + 5] ?? 0;
  }
}
