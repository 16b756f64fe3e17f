/**
 * Logs leave the jurisdiction, so a line holds a code and ids of ours, never anything that came in
 * with an event, and never the text of an error, which may quote its input.
 */
export function logFault(code: string, fields: Readonly<Record<string, string | number>>): void {
  console.error(JSON.stringify({ level: "error", code, ...fields }));
}
