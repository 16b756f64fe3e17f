import { reset } from "cloudflare:test";
import { afterEach, vi } from "vitest";

/** Alarms and calls between objects take seconds on a machine that is busy, not the one that Vitest allows. */
const WAIT_MS_MAX = 15_000;
const { waitFor } = vi;
vi.waitFor = (check, options) =>
  waitFor(check, typeof options === "number" ? options : { timeout: WAIT_MS_MAX, ...options });

/** Alarms fire for real in workerd: without the reset one test's alarm would run in the next. */
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});
