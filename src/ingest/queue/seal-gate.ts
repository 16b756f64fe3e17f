let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `work` after all earlier work of this isolate: one file is built at a time, whatever the
 * number of queues, because each holds its compressed bytes until they are stored.
 */
export async function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work, work);
  last = mine.catch(() => undefined);
  return mine;
}
