/**
 * Enters what several regulations want, one after the other, as far as the one named: always in the
 * same order, and none before those that come earlier in it, so that two of them never wait for each
 * other.
 *
 * @param enter Whether it is ours now.
 */
export async function enterInOrder<T extends string>(
  wanted: readonly T[],
  through: T,
  enter: (one: T) => Promise<boolean>,
): Promise<boolean> {
  for (const one of wanted.toSorted()) {
    if (!(await enter(one))) return false;
    if (one === through) return true;
  }
  return true;
}
