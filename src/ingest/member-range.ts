import { nameText } from "./member-names.ts";
import type { Members } from "./members.ts";
import type { Payload } from "./payload.ts";

/** The members of one object: those of a table from `first` up to, not including, `last`. */
export type MemberRange = {
  readonly members: Members;
  readonly first: number;
  readonly last: number;
};

/** All members of a table that holds one object. */
export function rangeOf(members: Members): MemberRange {
  return { members, first: 0, last: members.count };
}

/** The index of the member that counts for a known name: the last one; negative when there is none. */
export function findMember({ members, first, last }: MemberRange, name: number): number {
  for (let i = last - 1; i >= first; i--) {
    if (members.name(i) === name) return i;
  }
  return -1;
}

/** Members that a batch shares with its events: each name once, with the index that counts. */
export type SharedMembers = MemberRange & {
  readonly names: ReadonlyMap<string, number>;
};

/**
 * The members of a table that holds one object, with their names as text. Made once a batch: an event
 * then costs no more than its own members and a look-up for each shared one.
 */
export function sharedMembersOf(payload: Payload, members: Members): SharedMembers {
  const names = new Map<string, number>();
  for (let i = 0; i < members.count; i++) names.set(textOfName(payload, members, i), i);
  return { ...rangeOf(members), names };
}

/** Indices of the members of `shared` whose names `own` does not have, but for `without`. */
export function missingFrom(
  payload: Payload,
  own: MemberRange,
  shared: SharedMembers,
  without?: string,
): readonly number[] {
  const taken = new Set<string>(without === undefined ? [] : [without]);
  for (let i = own.first; i < own.last; i++) taken.add(textOfName(payload, own.members, i));
  return Array.from(shared.names).flatMap(([name, i]) => (taken.has(name) ? [] : [i]));
}

/** The members of `own` that stand next to each other, but for those of that name; both ends included. */
export function runsWithout(
  payload: Payload,
  own: MemberRange,
  name: string | undefined,
): readonly { readonly first: number; readonly last: number }[] {
  if (own.last <= own.first) return [];
  if (name === undefined) return [{ first: own.first, last: own.last - 1 }];
  const runs: { first: number; last: number }[] = [];
  for (let i = own.first; i < own.last; i++) {
    if (textOfName(payload, own.members, i) === name) continue;
    const run = runs.at(-1);
    if (run !== undefined && run.last === i - 1) run.last = i;
    else runs.push({ first: i, last: i });
  }
  return runs;
}

/** The name of a member, escapes resolved. */
export function textOfName(payload: Payload, members: Members, index: number): string {
  return nameText(payload.bytes, members.start(index), members.nameEnd(index));
}
