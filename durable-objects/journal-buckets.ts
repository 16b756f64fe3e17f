import { homeBucket } from "../src/archive/home-bucket.ts";
import type { EgressObserver } from "../src/egress/guard.ts";
import type { ArchiveLocation } from "../src/region/regions.ts";
import type { Bucket } from "../src/s3/bucket.ts";
import {
  journalKey,
  journalPrefix,
  numberOfKey,
  openEntry,
  sealEntry,
  type JournalEntry,
} from "../src/workspace/regulation-journal.ts";
import type { WorkspaceTurn } from "./workspace-turn.ts";

/** Keys of one page of a listing; S3's end. */
const PAGE_MAX = 1_000;

const OBJECT = { contentType: "application/json" } as const;

/** The journal of one workspace as it stands in the buckets of its home. */
export class JournalBuckets {
  readonly #turn: Pick<WorkspaceTurn, "id" | "home" | "config" | "random">;
  readonly #observe: () => EgressObserver;

  constructor(
    turn: Pick<WorkspaceTurn, "id" | "home" | "config" | "random">,
    observe: () => EgressObserver,
  ) {
    this.#turn = turn;
    this.#observe = observe;
  }

  /** Numbers after that one, of the entries at a location. @throws Error when it does not answer. */
  async numbers(location: ArchiveLocation, afterNumber: number): Promise<readonly number[]> {
    const { id } = this.#turn;
    const numbers: number[] = [];
    let after: string | undefined = journalKey(id, afterNumber);
    while (after !== undefined) {
      const options = { after, max: PAGE_MAX };
      const page: Awaited<ReturnType<Bucket["list"]>> = await this.#bucket(location).list(
        journalPrefix(id),
        options,
      );
      if (!page.ok) throw new Error("Cannot read the journal: a bucket does not answer");
      for (const { key } of page.value.entries) {
        const number = numberOfKey(key);
        if (number !== undefined) numbers.push(number);
      }
      after = page.value.next;
    }
    return numbers;
  }

  /** `undefined` when it is not there, or the location does not answer. @throws Error as `openEntry`. */
  async get(number: number, location: ArchiveLocation): Promise<JournalEntry | undefined> {
    const { id, home, config } = this.#turn;
    const object = await this.#bucket(location).get(journalKey(id, number));
    if (!object.ok) return undefined;
    const bytes = new Uint8Array(await new Response(object.value.body).arrayBuffer());
    return openEntry(bytes, id, number, config.sealingKeys[home]);
  }

  /** Writes an entry unless its number stands there already. */
  async put(
    entry: JournalEntry,
    location: ArchiveLocation,
  ): Promise<"written" | "exists" | "failed"> {
    const { id, home, config, random } = this.#turn;
    const bytes = sealEntry(entry, id, config.sealingKeys[home], random);
    const put = await this.#bucket(location).putNew(journalKey(id, entry.number), bytes, OBJECT);
    if (put.ok) return "written";
    return put.error.kind === "already-exists" ? "exists" : "failed";
  }

  /** Whether it is not there any more. */
  async remove(number: number, location: ArchiveLocation): Promise<boolean> {
    return (await this.#bucket(location).remove(journalKey(this.#turn.id, number))).ok;
  }

  #bucket(location: ArchiveLocation): Bucket {
    const { config, id } = this.#turn;
    return homeBucket(config, id, location, this.#observe(), "journal");
  }
}
