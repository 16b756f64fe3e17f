import { inTime } from "../src/core/in-time.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../src/region/regions.ts";
import { effectsOf, SHOWN_MS } from "../src/regulation/regulation.ts";
import type { JournalEntry } from "../src/workspace/regulation-journal.ts";
import { JournalBuckets } from "./journal-buckets.ts";
import type { JournalTable } from "./storage/journal-table.ts";
import type { WorkspaceEvidence } from "./workspace-evidence.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** How long buckets are waited for. */
type Patience = {
  /** Until one has to have said what the journal holds there. */
  readonly lookMs: number;
  /** Until one has to have handed over an entry. */
  readonly readMs: number;
  /** Until no more is read; what was taken over by then stays. */
  readonly allMs: number;
};

/** When a workspace starts, and nobody is served meanwhile: an object may take 30 seconds for it. */
const AT_START: Patience = { lookMs: 2_500, readMs: 5_000, allMs: 25_000 };

/** While it serves. */
const BESIDE: Patience = { lookMs: 30_000, readMs: 30_000, allMs: 300_000 };

/** Entries that are read at once: each is 5 MB at most, and takes one of six connections. */
const READS_MAX = 4;

/** Entries of an earlier life that one request may find in its way. */
const FOUND_MAX = 1_000;

/** The journal of regulations of one workspace: written before a request counts, read at each start. */
export class WorkspaceJournal {
  readonly #turn: WorkspaceTurn;
  readonly #table: JournalTable;
  readonly #buckets: JournalBuckets;
  /** Up to here all was known when this object started. */
  readonly #knownNumber: number;
  /** Locations that did not say yet what they hold. */
  readonly #unasked: Set<ArchiveLocation>;
  /** Requests are written one after the other, because each takes the next number. */
  #last: Promise<unknown> = Promise.resolve();
  #tidying: Promise<void> | undefined;

  constructor(turn: WorkspaceTurn, evidence: WorkspaceEvidence) {
    this.#turn = turn;
    this.#table = turn.journal;
    this.#buckets = new JournalBuckets(turn, () => evidence.own.observer);
    this.#knownNumber = turn.isCreated ? this.#table.knownThrough() : 0;
    // One that is just being created has no earlier life.
    this.#unasked = new Set(turn.isCreated ? HOME_REGIONS[turn.home].locations : []);
  }

  /**
   * Takes over what the journal holds and the workspace does not know: its storage was set back to an
   * earlier time, or it died between writing an entry and counting it. Each entry counts as soon as it
   * is read, the lowest number first, so that what time did not suffice for is all that is left to
   * {@link tidy}. Never throws; a location that does not answer is asked again as well.
   */
  async check(patience = AT_START): Promise<void> {
    const untilMs = Date.now() + patience.allMs;
    const asked = [...this.#unasked].map(async (location) => {
      const look = inTime(this.#buckets.numbers(location, this.#knownNumber), patience.lookMs);
      const numbers = await look.catch(() => undefined);
      const isNew = (number: number): boolean => !this.#table.locations(number).includes(location);
      return { location, numbers: numbers?.filter(isNew) };
    });
    const listed = await Promise.all(asked);
    const places = listed.flatMap(({ location, numbers = [] }) =>
      numbers.map((number) => ({ number, locations: [location] })),
    );
    const work = this.#takeAll(places, { ...patience, untilMs });
    const left = await inTime(work, Math.max(0, untilMs - Date.now())).catch(() => places);
    for (const { location, numbers } of listed) {
      const isLeft = left.some(({ locations }) => locations.includes(location));
      if (numbers !== undefined && !isLeft) this.#unasked.delete(location);
    }
  }

  /**
   * Writes the entry that `make` gives for the next number, and counts it.
   *
   * @returns `undefined` when no bucket of the home took it, so that nothing counts.
   */
  async add(
    make: (number: number) => JournalEntry,
    isFound = false,
  ): Promise<JournalEntry | undefined> {
    const added = this.#last.then(() => this.#add(make, isFound));
    this.#last = added.catch(() => undefined);
    return added;
  }

  /** Asks locations that have not answered yet, completes copies, and removes entries that are old. */
  async tidy(nowMs: number): Promise<void> {
    this.#tidying ??= this.#tidy(nowMs).finally(() => {
      this.#tidying = undefined;
    });
    await this.#tidying;
  }

  async #tidy(nowMs: number): Promise<void> {
    await this.#turn.scrub();
    await this.check(BESIDE);
    const { locations } = HOME_REGIONS[this.#turn.home];
    for (const row of this.#table.incomplete(locations.length)) {
      const entry = this.#table.entry(row.number);
      if (entry === undefined) continue;
      for (const location of locations.filter((each) => !row.locations.includes(each))) {
        const put = await this.#put(entry, location);
        if (put.kind === "other") await this.#take(put.entry, location);
      }
    }
    for (const { number } of this.#table.old(nowMs - SHOWN_MS)) {
      const removed = await Promise.all(locations.map((at) => this.#buckets.remove(number, at)));
      if (removed.every(Boolean)) this.#table.remove(number);
    }
  }

  /** First what is not known at all, from wherever it can be read; then whether the copies are copies. */
  async #takeAll(places: readonly Wanted[], until: Until): Promise<readonly Wanted[]> {
    const unknown = new Map<number, readonly ArchiveLocation[]>();
    for (const { number, locations } of places) {
      if (this.#table.idOf(number) !== undefined) continue;
      unknown.set(number, [...(unknown.get(number) ?? []), ...locations]);
    }
    const wanted = [...unknown].map(([number, locations]) => ({ number, locations }));
    await this.#takeSome(wanted, until);
    const isLeft = ({ number, locations }: Wanted): boolean =>
      locations.some((location) => !this.#table.locations(number).includes(location));
    return this.#takeSome(places.filter(isLeft), until);
  }

  /** What could not be read or counted, or not in time. */
  async #takeSome(wanted: readonly Wanted[], until: Until): Promise<readonly Wanted[]> {
    const sorted = wanted.toSorted((a, b) => a.number - b.number);
    const silent = new Set<ArchiveLocation>();
    const left: Wanted[] = [];
    for (let from = 0; from < sorted.length; from += READS_MAX) {
      if (Date.now() >= until.untilMs) return [...left, ...sorted.slice(from)];
      const some = sorted.slice(from, from + READS_MAX);
      const found = await Promise.all(some.map((each) => this.#read(each, until.readMs, silent)));
      for (const [i, each] of some.entries()) {
        const read = found[i];
        const isTaken = read !== undefined && (await this.#take(read.entry, read.location));
        if (!isTaken) left.push(each);
      }
    }
    return left;
  }

  async #read({ number, locations }: Wanted, readMs: number, silent: Set<ArchiveLocation>) {
    // One that did not answer is asked last.
    const at = locations.toSorted((a, b) => Number(silent.has(a)) - Number(silent.has(b)));
    for (const location of at) {
      const entry = await inTime(this.#buckets.get(number, location), readMs).catch(
        () => undefined,
      );
      if (entry !== undefined) return { entry, location };
      silent.add(location);
    }
    return undefined;
  }

  /** Counts an entry that was found; false when that has to be tried again. */
  async #take(entry: JournalEntry, location: ArchiveLocation): Promise<boolean> {
    if (this.#countFound(entry, location)) return true;
    const isKnown = this.#turn.regulations.regulation(entry.id) !== undefined;
    if (!isKnown) {
      // Two requests took one number, each at the location that the other did not reach.
      const again = await this.add((number) => ({ ...entry, number }), true);
      if (again === undefined) return false;
    }
    // It has another number now, and its place here is a copy's.
    return this.#buckets.remove(entry.number, location);
  }

  /** False when its number is another request's, or it has another number. */
  #countFound(entry: JournalEntry, location: ArchiveLocation): boolean {
    const holder = this.#table.idOf(entry.number);
    if (holder !== undefined) {
      if (holder === entry.id) this.#count(entry, [location]);
      return holder === entry.id;
    }
    if (this.#turn.regulations.regulation(entry.id) !== undefined) return false;
    this.#count(entry, [location], true);
    return true;
  }

  async #add(
    make: (number: number) => JournalEntry,
    isFound: boolean,
  ): Promise<JournalEntry | undefined> {
    for (let i = 0; i < FOUND_MAX; i++) {
      const entry = make(this.#table.lastNumber() + 1);
      const outcomes: PutOutcome[] = [];
      for (const location of HOME_REGIONS[this.#turn.home].locations) {
        const outcome = await this.#put(entry, location);
        outcomes.push(outcome);
        if (outcome.kind === "other") break;
      }
      const other = outcomes.find((outcome) => outcome.kind === "other");
      if (other === undefined) {
        if (outcomes.every(({ kind }) => kind === "failed")) return undefined;
        this.#count(entry, locationsOf(outcomes), isFound);
        return entry;
      }
      // Somebody asked for that before us, in a life that we do not remember.
      for (const location of locationsOf(outcomes)) {
        // What stays there would be a second request of the number.
        if (!(await this.#buckets.remove(entry.number, location))) return undefined;
      }
      const isTaken =
        this.#countFound(other.entry, other.location) ||
        this.#table.idOf(entry.number) !== undefined ||
        (await this.#buckets.remove(entry.number, other.location));
      if (!isTaken) return undefined;
    }
    throw new Error("Cannot write the journal: it holds too much that is not known");
  }

  /** Writes a request down, with what it changes of the suppressions. */
  #count(entry: JournalEntry, locations: readonly ArchiveLocation[], isFound = false): void {
    const { regulations } = this.#turn;
    const { suppression } = effectsOf(entry.draft.type);
    this.#turn.transaction(() => {
      if (regulations.regulation(entry.id) === undefined) {
        if (suppression === "lift") this.#turn.soil();
        regulations.add(entry, suppression);
        if (isFound) this.#repeat(entry);
      }
      const held = this.#table.locations(entry.number);
      this.#table.save({ number: entry.number, locations: [...new Set([...held, ...locations])] });
    });
    this.#turn.restores.forget();
  }

  /** Its objects may have been set back as well: none serves before it has come by. */
  #repeat({ id, draft }: JournalEntry): void {
    this.#turn.regulations.saveProgress(id, '{"isAgain":true}');
    const by = { actor: "journal", nowMs: Date.now() };
    this.#turn.note(by, "regulation.repeat", id, [draft.type]);
  }

  async #put(entry: JournalEntry, location: ArchiveLocation): Promise<PutOutcome> {
    const put = await this.#buckets.put(entry, location);
    if (put === "written") return this.#written(entry, location);
    const found = put === "exists" ? await this.#buckets.get(entry.number, location) : undefined;
    if (found === undefined) return { kind: "failed" };
    return found.id === entry.id
      ? this.#written(entry, location)
      : { kind: "other", entry: found, location };
  }

  /** Noted where the request counts already; otherwise with it. */
  #written({ number, id }: JournalEntry, location: ArchiveLocation): PutOutcome {
    if (this.#turn.regulations.regulation(id) !== undefined) {
      const held = this.#table.locations(number);
      this.#table.save({ number, locations: [...new Set([...held, location])] });
    }
    return { kind: "written", location };
  }
}

/** An entry that is wanted, and the locations where it can be read. */
type Wanted = { readonly number: number; readonly locations: readonly ArchiveLocation[] };

type Until = Pick<Patience, "readMs"> & { readonly untilMs: number };

type PutOutcome =
  | { readonly kind: "written"; readonly location: ArchiveLocation }
  /** Another request has the number there. */
  | { readonly kind: "other"; readonly entry: JournalEntry; readonly location: ArchiveLocation }
  | { readonly kind: "failed" };

function locationsOf(outcomes: readonly PutOutcome[]): readonly ArchiveLocation[] {
  return outcomes.flatMap((outcome) => (outcome.kind === "written" ? [outcome.location] : []));
}
