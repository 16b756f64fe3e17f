import { OTHER } from "./member-names.ts";

/** Members a table has room for at first, and numbers kept for each. */
const MEMBERS_START = 64;
const FIELDS = 5;

/** Members of one object or several, one after the other: name, and places in the bytes. */
export class Members {
  /** Five numbers a member, in one array that grows by doubling: a push per number cost a third more. */
  #table = new Int32Array(MEMBERS_START * FIELDS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The number of the name, as in `NAME`. */
  name(index: number): number {
    return this.#table[index * FIELDS] ?? OTHER;
  }

  /** At the opening quote of the name. */
  start(index: number): number {
    return this.#table[index * FIELDS + 1] ?? 0;
  }

  /** Past the closing quote of the name. */
  nameEnd(index: number): number {
    return this.#table[index * FIELDS + 2] ?? 0;
  }

  /** Where the value begins. */
  value(index: number): number {
    return this.#table[index * FIELDS + 3] ?? 0;
  }

  /** Past the last byte of the value. */
  end(index: number): number {
    return this.#table[index * FIELDS + 4] ?? 0;
  }

  add(name: number, start: number, nameEnd: number, value: number, end: number): void {
    let table = this.#table;
    const at = this.#count * FIELDS;
    if (at === table.length) {
      table = new Int32Array(at * 2);
      table.set(this.#table);
      this.#table = table;
    }
    table[at] = name;
    table[at + 1] = start;
    table[at + 2] = nameEnd;
    table[at + 3] = value;
    table[at + 4] = end;
    this.#count++;
  }

  /** Forgets all members from that index on. */
  truncate(count: number): void {
    this.#count = count;
  }
}

/** The events of a request. The members of event `i` are those from `firsts[i]` to `lasts[i]`. */
export class Items {
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly firsts: number[] = [];
  readonly lasts: number[] = [];
  readonly members = new Members();
  /** Members of the events' contexts, from `contextFirsts[i]` to `contextLasts[i]`. */
  readonly contextFirsts: number[] = [];
  readonly contextLasts: number[] = [];
  readonly contexts = new Members();

  get count(): number {
    return this.starts.length;
  }

  clear(): void {
    for (const list of [this.starts, this.ends, this.firsts, this.lasts]) list.length = 0;
    this.contextFirsts.length = 0;
    this.contextLasts.length = 0;
    this.members.truncate(0);
    this.contexts.truncate(0);
  }
}
