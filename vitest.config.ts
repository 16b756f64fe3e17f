import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

import { hasRadosgw } from "./test/support/radosgw/cluster.ts";
import { wasmModules } from "./test/support/wasm-modules.ts";

/** Suites of the archive that are run against Ceph's gateway as well, where it is installed. */
const ARCHIVE_SUITES = ["archive-catalogue", "deletion", "own-bucket-keys", "replay"].map(
  (name) => `test/e2e/${name}.test.ts`,
);

/** Property tests compute for seconds, and several times as long beside others on a small machine. */
const BUSY_MS = 60_000;

/** Unit tests run in Node; worker tests in workerd with storage; e2e drives the built Worker. */
export default defineConfig({
  test: {
    globalSetup: "./test/support/kit/build.ts",
    // End-to-end tests wait more than they compute, so three share a machine of two cores well.
    maxWorkers: 3,
    projects: [
      {
        plugins: [wasmModules()],
        test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: BUSY_MS },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./test/workers/wrangler.toml" },
            miniflare: {
              outboundService: (request: { url: string }) => {
                throw new Error(`Cannot reach ${request.url}: tests have no network`);
              },
            },
          }),
        ],
        test: {
          name: "workers",
          include: ["test/workers/**/*.test.ts"],
          setupFiles: ["test/workers/setup.ts"],
          testTimeout: BUSY_MS,
        },
      },
      {
        plugins: [wasmModules()],
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [wasmModules()],
        test: {
          name: "radosgw",
          // Without the gateway one test is skipped, so that it shows.
          include: ["test/radosgw/**/*.test.ts", ...(hasRadosgw() ? ARCHIVE_SUITES : [])],
          setupFiles: ["test/support/radosgw/setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
