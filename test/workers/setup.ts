import { reset } from "cloudflare:test";
import { afterEach, vi } from "vitest";

/** Alarms fire for real in workerd: without the reset one test's alarm would run in the next. */
afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});
