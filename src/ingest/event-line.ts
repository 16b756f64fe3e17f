import type { EventType } from "./check-event.ts";
import { rawText, type EventView } from "./event-view.ts";
import { pieceOf, type LineBuffer, type Piece } from "./line-buffer.ts";
import { NAME, NAME_COUNT } from "./member-names.ts";
import {
  findMember,
  missingFrom,
  rangeOf,
  runsWithout,
  sharedMembersOf,
  type MemberRange,
  type SharedMembers,
} from "./member-range.ts";
import { Members } from "./members.ts";
import { membersAt, type Payload } from "./payload.ts";
import { NOTE_NAME, noteOf, type Omission } from "./schema-gate.ts";
import { sharedDestinations, sharedRaw } from "./shared-values.ts";
import { correctTimestamp, IsoReader, IsoWriter, parseTimestamp } from "./timestamps.ts";

/** What a request adds to each of its events. */
export type Stamp = {
  readonly receivedAtMs: number;
  /** Kept as `projectId`, so that a line alone says which source it came from. */
  readonly sourceId: string;
  /** For an event that names no channel. */
  readonly channel: "client" | "server";
  /** The client's address as the source's rule lets it be kept. */
  readonly ip: string | undefined;
};

/** What is written of one event besides what it brought itself. */
export type LineFacts = {
  readonly type: EventType;
  /** A messageId made by us, for an event without one. */
  readonly madeId: string | undefined;
  /** What the source's schema leaves out of it; absent when that is nothing. */
  readonly omission?: Omission | undefined;
};

/** The tracking API's version, in events that do not say another. */
const VERSION = ',"version":2';

const ORIGINAL = pieceOf('","originalTimestamp":');

/** Members that never stay as the caller sent them. */
const REPLACED = [
  NAME.timestamp,
  NAME.originalTimestamp,
  NAME.receivedAt,
  NAME.writeKey,
  NAME.projectId,
];

/**
 * Writes events of one payload as lines of the archive: our members first, then the caller's, byte
 * by byte as they were sent. Of a known member that came twice only the last is kept, so that every
 * reader of the line sees the same event.
 */
export class EventLines {
  readonly #view: EventView;
  readonly #payload: Payload;
  readonly #stamp: Stamp;
  readonly #out: LineBuffer;
  readonly #iso = new IsoWriter();
  readonly #isoReader = new IsoReader();
  /** How a line begins, by which of channel and version the event lacks. */
  readonly #heads: (Piece | undefined)[] = [];
  /** What all of them begin with. */
  readonly #head: string;
  readonly #sentAtMs: number | undefined;
  /** Which members the batch replaces in all its events. */
  readonly #replacedAlways = new Uint8Array(NAME_COUNT);
  /** Which members are not copied from the event in view. */
  readonly #replaced = new Uint8Array(NAME_COUNT);
  readonly #sharedContext: SharedMembers;
  readonly #sharedIntegrations: SharedMembers;

  constructor(view: EventView, stamp: Stamp, out: LineBuffer) {
    this.#view = view;
    this.#payload = view.payload;
    this.#stamp = stamp;
    this.#out = out;
    for (const name of REPLACED) this.#replacedAlways[name] = 1;
    const sentAt = sharedRaw(this.#payload, NAME.sentAt);
    if (sentAt !== undefined) this.#replacedAlways[NAME.sentAt] = 1;
    this.#sentAtMs = sentAt === undefined ? undefined : this.#instantOf(sentAt);
    this.#sharedContext = sharedMembersOf(this.#payload, this.#payload.shared);
    this.#sharedIntegrations = sharedDestinations(this.#payload);
    this.#head =
      `{"receivedAt":"${this.#iso.write(stamp.receivedAtMs)}","projectId":"${stamp.sourceId}"` +
      (sentAt === undefined ? "" : `,"sentAt":${sentAt}`);
  }

  /** Appends the line of the event in view. */
  write(facts: LineFacts): void {
    const out = this.#out;
    const view = this.#view;
    this.#replaced.set(this.#replacedAlways);
    out.piece(this.#headFor(view.member(NAME.channel) < 0, view.member(NAME.version) < 0));
    this.#writeTimes();
    if (view.string(NAME.type) !== facts.type) this.#writeOwn("type", facts.type);
    if (facts.madeId !== undefined) this.#writeOwn("messageId", facts.madeId);
    if (facts.omission !== undefined) this.#writeKept(facts.omission);
    this.#writeContext(facts.omission);
    this.#writeIntegrations();
    this.#writeRest();
    out.text("}");
    out.endLine();
  }

  /** Made when first needed: the events of a request nearly always lack the same. */
  #headFor(lacksChannel: boolean, lacksVersion: boolean): Piece {
    const index = (lacksChannel ? 1 : 0) + (lacksVersion ? 2 : 0);
    const known = this.#heads[index];
    if (known !== undefined) return known;
    const channel = lacksChannel ? `,"channel":"${this.#stamp.channel}"` : "";
    const version = lacksVersion ? VERSION : "";
    const made = pieceOf(`${this.#head}${channel}${version},"timestamp":"`);
    this.#heads[index] = made;
    return made;
  }

  #writeOwn(name: "type" | "messageId", value: string): void {
    this.#replaced[NAME[name]] = 1;
    this.#out.text(`,"${name}":"${value}"`);
  }

  #writeTimes(): void {
    const view = this.#view;
    const name = view.isAbsent(NAME.timestamp) ? NAME.originalTimestamp : NAME.timestamp;
    const original = view.isAbsent(name) ? undefined : view.raw(name);
    const originalMs = original === undefined ? undefined : this.#instantOf(original);
    const sentAtMs =
      this.#sentAtMs ?? (this.#replaced[NAME.sentAt] === 1 ? undefined : this.#ownSentAt());
    const ms = correctTimestamp(this.#stamp.receivedAtMs, sentAtMs, originalMs);
    this.#out.text(this.#iso.write(ms));
    if (original === undefined) {
      this.#out.text('"');
      return;
    }
    this.#out.piece(ORIGINAL);
    const { members } = this.#payload.items;
    const member = view.member(name);
    this.#copy(members.value(member), members.end(member));
  }

  #ownSentAt(): number | undefined {
    const raw = this.#view.raw(NAME.sentAt);
    return raw === "" ? undefined : this.#instantOf(raw);
  }

  /** The instant that a JSON value means; `undefined` for nonsense. */
  #instantOf(json: string): number | undefined {
    const isPlain = json.startsWith('"') && !json.includes("\\");
    const value: unknown = isPlain ? json.slice(1, -1) : JSON.parse(json);
    if (typeof value === "string") return this.#isoReader.read(value);
    return typeof value === "number" ? parseTimestamp(value) : undefined;
  }

  /** The properties or traits that the schema knows, as they were sent. */
  #writeKept({ holder, members, kept }: Omission): void {
    this.#replaced[NAME[holder]] = 1;
    this.#out.text(`,"${holder}":{`);
    let separator = "";
    for (const index of kept) {
      this.#out.text(separator);
      this.#copy(members.start(index), members.end(index));
      separator = ",";
    }
    this.#out.text("}");
  }

  #writeContext(omission: Omission | undefined): void {
    const { items } = this.#payload;
    if (!this.#isMergeable(NAME.context)) return;
    const own: MemberRange = {
      members: items.contexts,
      first: items.contextFirst(this.#view.index),
      last: items.contextLast(this.#view.index),
    };
    const ip = this.#ipToAdd(own);
    const shared = this.#sharedContext;
    if (ip === undefined && shared.names.size === 0 && omission === undefined) return;
    const added = [
      ...(ip === undefined ? [] : [`"ip":"${ip}"`]),
      ...(omission === undefined ? [] : [noteOf(omission)]),
    ];
    // What was left out is ours to say: a note of the caller's would stand in its place.
    const without = omission === undefined ? undefined : NOTE_NAME;
    this.#writeMerged("context", own, shared, { added: added.join(","), without });
  }

  /** Segment's rule: of client-side calls, and of others that say they come from the user directly. */
  #ipToAdd(own: MemberRange): string | undefined {
    const { ip, channel } = this.#stamp;
    if (ip === undefined) return undefined;
    const shared = this.#sharedContext;
    if (findMember(own, NAME.ip) >= 0 || findMember(shared, NAME.ip) >= 0) return undefined;
    if (channel === "client") return ip;
    const range = findMember(own, NAME.direct) >= 0 ? own : shared;
    const direct = findMember(range, NAME.direct);
    if (direct < 0) return undefined;
    const value = range.members.value(direct);
    return rawText(this.#payload, value, range.members.end(direct)) === "true" ? ip : undefined;
  }

  #writeIntegrations(): void {
    const shared = this.#sharedIntegrations;
    if (shared.names.size === 0 || !this.#isMergeable(NAME.integrations)) return;
    const { members } = this.#payload.items;
    const member = this.#view.member(NAME.integrations);
    const own =
      this.#view.kind(NAME.integrations) === "object"
        ? membersAt(this.#payload, members.value(member), members.end(member))
        : new Members();
    this.#writeMerged("integrations", rangeOf(own), shared, { added: "", without: undefined });
  }

  /** An object or nothing; a text or a list in its place is kept as it is. */
  #isMergeable(name: number): boolean {
    return this.#view.isAbsent(name) || this.#view.kind(name) === "object";
  }

  /** One level deep: members of the event's own object stand, those of the batch fill what is missing. */
  #writeMerged(
    name: "context" | "integrations",
    own: MemberRange,
    shared: SharedMembers,
    { added, without }: { readonly added: string; readonly without: string | undefined },
  ): void {
    this.#replaced[NAME[name]] = 1;
    this.#out.text(`,"${name}":{${added}`);
    let separator = added === "" ? "" : ",";
    for (const index of missingFrom(this.#payload, own, shared, without)) {
      this.#out.text(separator);
      this.#copy(shared.members.start(index), shared.members.end(index));
      separator = ",";
    }
    for (const { first, last } of runsWithout(this.#payload, own, without)) {
      this.#out.text(separator);
      this.#copy(own.members.start(first), own.members.end(last));
      separator = ",";
    }
    this.#out.text("}");
  }

  /** Copies the members that stay, neighbours in one piece. */
  #writeRest(): void {
    const { items } = this.#payload;
    const { members } = items;
    const last = items.last(this.#view.index);
    let runStart = -1;
    let runEnd = -1;
    for (let i = items.first(this.#view.index); i < last; i++) {
      const name = members.name(i);
      const stays = name < 0 || (this.#view.member(name) === i && this.#replaced[name] === 0);
      if (stays) {
        if (runStart < 0) runStart = members.start(i);
        runEnd = members.end(i);
      } else if (runStart >= 0) {
        this.#writeRun(runStart, runEnd);
        runStart = -1;
      }
    }
    if (runStart >= 0) this.#writeRun(runStart, runEnd);
  }

  #writeRun(from: number, to: number): void {
    this.#out.text(",");
    this.#copy(from, to);
  }

  #copy(from: number, to: number): void {
    this.#out.copy(this.#payload, from, to);
  }
}
