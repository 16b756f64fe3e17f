import type { DestinationId, SourceId } from "../src/core/ids.ts";
import { readStored } from "../src/core/stored-json.ts";
import type { DestinationForgetting, LaneForgetting } from "../src/deliver/lane/ports.ts";
import type { Destination } from "../src/workspace/destination.ts";
import { formatName, parseName, type LaneRef } from "../src/region/object-names.ts";
import { enterInOrder } from "../src/regulation/enter-in-order.ts";
import { isStore, stepsOf, type Step, type UnitResult } from "../src/regulation/progress.ts";
import type { Regulation } from "../src/regulation/regulation.ts";
import { StoreUnits } from "../src/regulation/store-units.ts";
import type { QueueRef } from "../src/workspace/source-config.ts";
import { erasableStores } from "./erasable-stores.ts";
import type { Reach } from "./reach.ts";
import { RegulationArchives } from "./regulation-archives.ts";
import { scrubNext } from "./regulation-scrubs.ts";

import type { WorkspaceTurn } from "./workspace-turn.ts";

/** Where a destination's answers are counted; what it does not answer is asked again. */
type DestinationNote = {
  readonly next: number;
  readonly position?: string;
  readonly tries: number;
};

/** Behind the id of a destination that is asked for linked ids. */
const LINKED_SUFFIX = "+linked";

/** Times that a destination is asked for a user before it counts as failed. */
const TRIES_MAX = 10;

/** The units of work of one regulation, and how each is done: by asking the object it names. */
export class RegulationUnits {
  readonly #turn: WorkspaceTurn;
  readonly #reach: Reach;
  readonly #regulation: Regulation;
  readonly #stores: StoreUnits;
  readonly #archives: RegulationArchives;
  readonly #isAgain: boolean;
  /** Sources whose turn it has, as far as it asked; it gives none away before all are settled. */
  readonly #entered = new Set<SourceId>();

  /** @param isAgain Whether it was done before: no replay may see what comes back with an object. */
  constructor(turn: WorkspaceTurn, reach: Reach, regulation: Regulation, isAgain: boolean) {
    this.#turn = turn;
    this.#isAgain = isAgain;
    this.#reach = reach;
    this.#regulation = regulation;
    this.#stores = new StoreUnits(erasableStores({ turn, reach }));
    this.#archives = new RegulationArchives(turn, reach, regulation);
  }

  /** Objects that exist by now; one that comes to be later knows the suppressions from the start. */
  of(step: Step): readonly string[] {
    switch (step) {
      case "suppress":
        return [...this.#allQueues(), ...this.#allLanes()];
      case "settle":
        return this.#allQueues();
      case "link":
        return this.#regulation.linkedAnonymousIds ? this.#sources() : [];
      case "export":
        return [];
      case "archive":
      case "scrub":
        return this.#sources();
      case "stores":
        return this.#stores.units(this.#scope());
      case "verify":
        return [...this.#sources(), ...this.#storesToVerify()];
      case "lanes":
        return this.#allLanes();
      case "destinations":
        return this.#destinations().flatMap((destination) => this.#asked(destination));
    }
  }

  async work(step: Step, unit: string, note: string | undefined): Promise<UnitResult> {
    switch (step) {
      case "suppress": {
        const version = this.#turn.regulations.version();
        const isLane = parseName(unit)?.kind === "lane";
        const asked = isLane ? this.#lane(unit) : this.#queue(unit);
        return { isOver: await asked.suppress(version) };
      }
      case "settle": {
        if (!(await this.#mayBringBack(unit))) return { isOver: false, ...kept(note) };
        const asked = note === undefined ? undefined : Number(note);
        const queue = this.#queue(unit);
        const number = this.#number();
        const { throughSeq, isSettled } = await queue.settle(asked, number, this.#isAgain);
        return { isOver: isSettled, note: String(throughSeq) };
      }
      case "link":
        return this.#archives.link(unit as SourceId, note);
      case "export":
        throw new Error("Cannot export: a regulation has no such step");
      case "archive":
      case "verify":
        return this.#stores.has(unit)
          ? this.#eraseStore(step, unit, note)
          : this.#archives.erase(step, unit as SourceId, note);
      case "stores":
        return this.#eraseStore(step, unit, note);
      case "lanes": {
        if (!this.#isItsTurn(unit)) return { isOver: false, ...kept(note) };
        const linked = await this.#forgetLinked(unit);
        // The number says that all of it is done, and has a lane that was set back serve again.
        const deletion = linked.isClean ? { deletion: this.#number() } : {};
        const users = { ...this.#subjects(), isAgain: this.#isAgain, ...deletion };
        const own = await this.#lane(unit).forget(users);
        return laneResult(unit, note, own, linked);
      }
      case "destinations":
        return this.#askDestination(unit, note);
      case "scrub":
        return scrubNext(unit as SourceId, note, {
          reach: this.#reach,
          replays: this.#turn.replays,
        });
    }
  }

  #number(): number {
    return this.#turn.journal.numberOf(this.#regulation.id);
  }

  /** Deletions that are done again come by an object in the order of their numbers. */
  #isItsTurn(unit: string): boolean {
    return !this.#isAgain || this.#turn.restores.isNext(this.#regulation.id, unit);
  }

  /** A queue that was set back archives what it held then: replays wait before it does. */
  async #mayBringBack(unit: string): Promise<boolean> {
    const name = parseName(unit);
    if (!this.#isAgain || name?.kind !== "queue") return true;
    if (!this.#isItsTurn(unit)) return false;
    const withQueues = this.#sources().filter((sourceId) => this.#queues(sourceId).length > 0);
    return enterInOrder(withQueues, name.sourceId, async (sourceId) => {
      if (this.#entered.has(sourceId)) return true;
      const job = { id: this.#regulation.id, kind: "deletion" } as const;
      const turn = await this.#reach.archive(sourceId).enterJob(job);
      if (turn.kind === "running") this.#entered.add(sourceId);
      return turn.kind === "running";
    });
  }

  async #forgetLinked(lane: string): Promise<LaneForgetting> {
    const ids = this.#links();
    if (ids.length === 0) return { isClean: true, erased: 0 };
    return this.#lane(lane).forget({ type: "ANONYMOUS_ID", ids, isAgain: this.#isAgain });
  }

  /** A store of ours is asked for the linked ids as well; a vendor knows its users by their own. */
  #asked({ id, slug }: Pick<Destination, "id" | "slug">): readonly string[] {
    const { id: regulationId, linkedAnonymousIds } = this.#regulation;
    const isAsked = linkedAnonymousIds && isStore(slug);
    const hasLinked = isAsked && this.#turn.regulations.linkCount(regulationId) > 0;
    return hasLinked ? [id, `${id}${LINKED_SUFFIX}`] : [id];
  }

  #links(): readonly string[] {
    const { id, linkedAnonymousIds } = this.#regulation;
    return linkedAnonymousIds ? this.#turn.regulations.links(id) : [];
  }

  #eraseStore(step: Step, unit: string, note: string | undefined): Promise<UnitResult> {
    const { type, ids } = this.#subjects();
    const deletion = {
      regulationId: this.#regulation.id,
      subjectType: type,
      subjectIds: ids,
      linkedAnonymousIds: this.#links(),
      ...this.#scope(),
    };
    return this.#stores.work(unit, deletion, note, step === "verify");
  }

  async #askDestination(unit: string, note: string | undefined): Promise<UnitResult> {
    const before = readStored<DestinationNote>(note ?? '{"next":0,"tries":0}');
    const isLinked = unit.endsWith(LINKED_SUFFIX);
    const id = unit.replace(LINKED_SUFFIX, "") as DestinationId;
    const destination = this.#turn.destinations.find(id);
    if (destination === undefined) return { isOver: true };
    const ref = this.#turn.tables.queues(destination.sourceId)[0];
    const part = { id: unit, name: destination.slug };
    // No queue ever was, so nothing was ever delivered.
    if (ref === undefined) return { isOver: true, part: { ...part, status: "FINISHED" } };
    const lane = this.#reach.lane({ destinationId: id, sourceId: destination.sourceId, ...ref });
    const subjects = isLinked
      ? { type: "ANONYMOUS_ID" as const, ids: this.#links() }
      : this.#subjects();
    const answer = await lane.forgetAtDestination(subjects, before.next, before.position);
    return destinationResult(part, answer, before);
  }

  #subjects() {
    const { id, subjectType } = this.#regulation;
    return { type: subjectType, ids: this.#turn.regulations.subjects(id) };
  }

  #scope(): { readonly sourceId?: SourceId } {
    const { sourceId } = this.#regulation;
    return sourceId === undefined ? {} : { sourceId };
  }

  /** None for a deletion that is about archives only. */
  #storesToVerify(): readonly string[] {
    return stepsOf(this.#regulation.type).includes("stores")
      ? this.#stores.units(this.#scope())
      : [];
  }

  #sources(): readonly SourceId[] {
    const { sourceId } = this.#regulation;
    return sourceId === undefined ? this.#turn.tables.sourceIds() : [sourceId];
  }

  #destinations(): readonly Destination[] {
    const sources = this.#sources();
    return this.#turn.destinations.all().filter(({ sourceId }) => sources.includes(sourceId));
  }

  #allQueues(): readonly string[] {
    return this.#sources().flatMap((id) => this.#queues(id));
  }

  #allLanes(): readonly string[] {
    return this.#destinations().flatMap(({ id, sourceId }) => this.#lanes(id, sourceId));
  }

  #queues(sourceId: SourceId): readonly string[] {
    const refs = this.#turn.tables.queues(sourceId);
    return refs.map((ref) => formatName({ kind: "queue", sourceId, ...ref }));
  }

  #lanes(destinationId: DestinationId, sourceId: SourceId): readonly string[] {
    const refs = this.#turn.tables.queues(sourceId);
    return refs.map((ref) => formatName({ kind: "lane", destinationId, sourceId, ...ref }));
  }

  #queue(unit: string) {
    const name = parseName(unit);
    if (name?.kind !== "queue") throw new Error("Cannot work on a regulation: it names no queue");
    const { sourceId, ingestRegion, shard } = name;
    const ref: QueueRef = { ingestRegion, shard };
    return this.#reach.queue(sourceId, ref);
  }

  #lane(unit: string) {
    const name = parseName(unit);
    if (name?.kind !== "lane") throw new Error("Cannot work on a regulation: it names no lane");
    const { kind: _kind, ...ref } = name;
    return this.#reach.lane(ref satisfies LaneRef);
  }
}

function kept(note: string | undefined): { readonly note?: string } {
  return note === undefined ? {} : { note };
}

/** What a lane came to; it is shown only once something kept it from being clean. */
function laneResult(
  unit: string,
  note: string | undefined,
  own: LaneForgetting,
  linked: LaneForgetting,
): UnitResult {
  const isOver = own.isClean && linked.isClean;
  const error = own.error ?? linked.error;
  const counts = { waitingErased: own.erased + linked.erased };
  if (error === undefined && note === undefined) return { isOver, counts };
  const part = {
    id: unit,
    name: "dead-letters",
    status: isOver ? ("FINISHED" as const) : ("RUNNING" as const),
    ...(error === undefined ? {} : { error }),
  };
  return { isOver, counts, part, note: "shown" };
}

function destinationResult(
  { id, name }: { readonly id: string; readonly name: string },
  { status, next, position, isPassing, counts, error }: DestinationForgetting,
  before: DestinationNote,
): UnitResult {
  const done = counts === undefined ? {} : { counts };
  const why = error === undefined ? {} : { error };
  if (status !== "RUNNING") return { isOver: true, ...done, part: { id, name, status, ...why } };
  const hasMoved = next !== undefined && next > before.next;
  const tries = hasMoved || isPassing === true ? 0 : before.tries + 1;
  if (tries >= TRIES_MAX) {
    return { isOver: true, ...done, part: { id, name, status: "FAILED", ...why } };
  }
  const at = position === undefined ? {} : { position };
  const note = JSON.stringify({ next: next ?? before.next, ...at, tries });
  return { isOver: false, ...done, note, part: { id, name, status, ...why } };
}
