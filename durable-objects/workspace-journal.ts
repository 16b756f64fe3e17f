import { homeBucket } from "../src/archive/home-bucket.ts";
import { inTime } from "../src/core/in-time.ts";
import { HOME_REGIONS, type ArchiveLocation } from "../src/region/regions.ts";
import { effectsOf, SHOWN_MS } from "../src/regulation/regulation.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import {
  journalKey,
  journalPrefix,
  numberOfKey,
  openEntry,
  sealEntry,
  type JournalEntry,
} from "../src/workspace/regulation-journal.ts";
import type { JournalTable } from "./storage/journal-table.ts";
import type { WorkspaceEvidence } from "./workspace-evidence.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** Until a bucket has to have said what the journal holds, when a workspace starts. */
const LOOK_MS_MAX = 2_500;

/** Entries that are read at once; S3's end for a page. */
const PAGE_MAX = 1_000;

/** Entries of an earlier life that one request may find in its way. */
const FOUND_MAX = 1_000;

const OBJECT = { contentType: "application/json" } as const;

/** The journal of regulations of one workspace: written before a request counts, read at each start. */
export class WorkspaceJournal {
  readonly #turn: WorkspaceTurn;
  readonly #table: JournalTable;
  readonly #evidence: WorkspaceEvidence;
  /** The last number that was known when this object started. */
  readonly #knownNumber: number;
  /** Locations that did not say yet what they hold. */
  readonly #unasked: Set<ArchiveLocation>;
  /** Requests are written one after the other, because each takes the next number. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(turn: WorkspaceTurn, evidence: WorkspaceEvidence) {
    this.#turn = turn;
    this.#table = turn.journal;
    this.#evidence = evidence;
    this.#knownNumber = turn.isCreated ? this.#table.lastNumber() : 0;
    // One that is just being created has no earlier life.
    this.#unasked = new Set(turn.isCreated ? HOME_REGIONS[turn.home].locations : []);
  }

  /**
   * Takes over what the journal holds and the workspace does not know: its storage was set back to an
   * earlier time, or it died between writing an entry and counting it. Never throws; a location that
   * does not answer is asked again by {@link tidy}.
   */
  async check(): Promise<void> {
    const asked = [...this.#unasked].map(async (location) => {
      const entries = await inTime(this.#read(location), LOOK_MS_MAX).catch(() => undefined);
      if (entries !== undefined) this.#unasked.delete(location);
      return (entries ?? []).map((entry) => ({ entry, location }));
    });
    // In the order in which they were asked for: a later one may lift what an earlier one began.
    const found = (await Promise.all(asked)).flat();
    for (const { entry, location } of found.toSorted((a, b) => a.entry.number - b.entry.number)) {
      const isNew = this.#table.entry(entry.number) === undefined;
      this.#count(entry, [location], true);
      const by = { actor: "journal", nowMs: Date.now() };
      if (isNew) this.#turn.note(by, "regulation.repeat", entry.id, [entry.draft.type]);
    }
  }

  /**
   * Writes the entry that `make` gives for the next number, and counts it.
   *
   * @returns `undefined` when no bucket of the home took it, so that nothing counts.
   */
  async add(make: (number: number) => JournalEntry): Promise<JournalEntry | undefined> {
    const added = this.#last.then(() => this.#add(make));
    this.#last = added.catch(() => undefined);
    return added;
  }

  /** Asks locations that have not answered yet, completes copies, and removes entries that are old. */
  async tidy(nowMs: number): Promise<void> {
    await this.#turn.scrub();
    await this.check();
    const { locations } = HOME_REGIONS[this.#turn.home];
    for (const row of this.#table.incomplete(locations.length)) {
      const entry = this.#table.entry(row.number);
      if (entry === undefined) continue;
      for (const location of locations.filter((each) => !row.locations.includes(each))) {
        await this.#put(entry, location);
      }
    }
    for (const { number } of this.#table.old(nowMs - SHOWN_MS)) {
      const removed = await Promise.all(locations.map((at) => this.#remove(number, at)));
      if (removed.every(Boolean)) this.#table.remove(number);
    }
  }

  async #add(make: (number: number) => JournalEntry): Promise<JournalEntry | undefined> {
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
        this.#count(entry, locationsOf(outcomes));
        return entry;
      }
      // Somebody asked for that before us, in a life that we do not remember.
      for (const location of locationsOf(outcomes)) await this.#remove(entry.number, location);
      this.#count(other.entry, [other.location], true);
    }
    throw new Error("Cannot write the journal: it holds too much that is not known");
  }

  /** Writes a request down, with what it changes of the suppressions. */
  #count(entry: JournalEntry, locations: readonly ArchiveLocation[], isFound = false): void {
    const { regulations } = this.#turn;
    this.#turn.transaction(() => {
      if (regulations.regulation(entry.id) === undefined) {
        regulations.add(entry, effectsOf(entry.draft.type).suppression);
        // Its objects may have been set back as well: none serves before it has come by.
        if (isFound) regulations.saveProgress(entry.id, '{"isAgain":true}');
      }
      const held = this.#table.locations(entry.number);
      this.#table.save({ number: entry.number, locations: [...new Set([...held, ...locations])] });
    });
    if (effectsOf(entry.draft.type).suppression === "lift") this.#turn.isSoiled = true;
    this.#turn.restores.forget();
  }

  async #put(entry: JournalEntry, location: ArchiveLocation): Promise<PutOutcome> {
    const { id, home, config, random } = this.#turn;
    const bytes = sealEntry(entry, id, config.sealingKeys[home], random);
    const put = await this.#bucket(location).putNew(journalKey(id, entry.number), bytes, OBJECT);
    if (put.ok) return this.#written(entry, location);
    if (put.error.kind !== "already-exists") return { kind: "failed" };
    const found = await this.#get(entry.number, location);
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

  /** The entries at a location that are not known here; `undefined` when it does not answer. */
  async #read(location: ArchiveLocation): Promise<readonly JournalEntry[] | undefined> {
    const prefix = journalPrefix(this.#turn.id);
    const entries: JournalEntry[] = [];
    let after: string | undefined = journalKey(this.#turn.id, this.#knownNumber);
    while (after !== undefined) {
      const page: Awaited<ReturnType<Bucket["list"]>> = await this.#bucket(location).list(prefix, {
        after,
        max: PAGE_MAX,
      });
      if (!page.ok) return undefined;
      for (const { key } of page.value.entries) {
        const number = numberOfKey(key);
        if (number === undefined || this.#table.entry(number) !== undefined) continue;
        const entry = await this.#get(number, location);
        if (entry === undefined) return undefined;
        entries.push(entry);
      }
      after = page.value.next;
    }
    return entries;
  }

  async #get(number: number, location: ArchiveLocation): Promise<JournalEntry | undefined> {
    const { id, home, config } = this.#turn;
    const object = await this.#bucket(location).get(journalKey(id, number));
    if (!object.ok) return undefined;
    const bytes = new Uint8Array(await new Response(object.value.body).arrayBuffer());
    return openEntry(bytes, id, number, config.sealingKeys[home]);
  }

  async #remove(number: number, location: ArchiveLocation): Promise<boolean> {
    return (await this.#bucket(location).remove(journalKey(this.#turn.id, number))).ok;
  }

  #bucket(location: ArchiveLocation): Bucket {
    const { config, id } = this.#turn;
    return homeBucket(config, id, location, this.#evidence.own.observer, "journal");
  }
}

type PutOutcome =
  | { readonly kind: "written"; readonly location: ArchiveLocation }
  /** Another request has the number there. */
  | { readonly kind: "other"; readonly entry: JournalEntry; readonly location: ArchiveLocation }
  | { readonly kind: "failed" };

function locationsOf(outcomes: readonly PutOutcome[]): readonly ArchiveLocation[] {
  return outcomes.flatMap((outcome) => (outcome.kind === "written" ? [outcome.location] : []));
}
