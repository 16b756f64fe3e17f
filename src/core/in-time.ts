/**
 * What `work` comes to, unless that takes longer than `ms`: whatever hangs is as good as out of
 * reach, and nobody may wait for it for ever.
 *
 * @throws Error once the time is over; what `work` comes to later is ignored.
 */
export async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Cannot wait longer than ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
