import { defineConfig } from "vitest/config";

const HALF_AN_HOUR_MS = 30 * 60_000;

/** Tests that fill gigabytes or kill processes for minutes; `npm run test:long` runs them. */
export default defineConfig({
  test: {
    include: ["test/long/**/*.test.ts"],
    testTimeout: HALF_AN_HOUR_MS,
    hookTimeout: HALF_AN_HOUR_MS,
    fileParallelism: false,
  },
});
