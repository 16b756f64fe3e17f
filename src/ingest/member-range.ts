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

/** Indices of the members of `shared` whose names `own` does not have; of equal names the last. */
export function missingFrom(
  payload: Payload,
  own: MemberRange,
  shared: MemberRange,
): readonly number[] {
  const taken = new Set<string>();
  for (let i = own.first; i < own.last; i++) taken.add(textOfName(payload, own.members, i));
  const missing: number[] = [];
  for (let i = shared.last - 1; i >= shared.first; i--) {
    const name = textOfName(payload, shared.members, i);
    if (taken.has(name)) continue;
    taken.add(name);
    missing.unshift(i);
  }
  return missing;
}

function textOfName(payload: Payload, members: Members, index: number): string {
  return nameText(payload.bytes, members.start(index), members.nameEnd(index));
}
