/**
 * Does `work` under a signal that ends it with `outer`, and after `ms` as a TimeoutError. The timer
 * goes with the work: that of `AbortSignal.timeout()` would keep an object awake long after.
 */
export async function withDeadline<T>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new DOMException("The time is over", "TimeoutError"));
  }, ms);
  try {
    return await work(AbortSignal.any([outer, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}
