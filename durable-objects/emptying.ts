/** What the message begins with, of an object that was emptied and may not begin again. */
const SOURCE_GONE = "source_gone";

/** Between the answer that all is gone and the end of what is still in memory. */
const ABORT_MS = 20;

/**
 * Removes all that an object holds, its alarm included, and then ends it: what it has in memory
 * belongs to tables that are gone. Harmless to repeat.
 */
export async function emptyObject(ctx: DurableObjectState): Promise<void> {
  await ctx.storage.deleteAlarm();
  await ctx.storage.deleteAll();
  await ctx.storage.sync();
  setTimeout(() => ctx.abort(`${SOURCE_GONE}: The object was emptied`), ABORT_MS);
}

/** Whether a call failed because the object was emptied, or was being so. */
export function isGoneError(error: unknown): boolean {
  return error instanceof Error && error.message.includes(SOURCE_GONE);
}
