import { rawText } from "./event-view.ts";
import { NAME } from "./member-names.ts";
import { findMember, rangeOf, sharedMembersOf, type SharedMembers } from "./member-range.ts";
import { Members } from "./members.ts";
import { membersAt, type Payload } from "./payload.ts";

/** The JSON text of a member of the envelope; `undefined` when missing or `null`. */
export function sharedRaw(payload: Payload, name: number): string | undefined {
  const member = findMember(rangeOf(payload.envelope), name);
  if (member < 0) return undefined;
  const raw = rawText(payload, payload.envelope.value(member), payload.envelope.end(member));
  return raw === "null" ? undefined : raw.replace(/[\r\n]/g, "");
}

/** What the envelope says for all of its events of destinations. */
export function sharedDestinations(payload: Payload): SharedMembers {
  const member = findMember(rangeOf(payload.envelope), NAME.integrations);
  if (member < 0) return sharedMembersOf(payload, new Members());
  const { envelope } = payload;
  const members = membersAt(payload, envelope.value(member), envelope.end(member));
  return sharedMembersOf(payload, members);
}
