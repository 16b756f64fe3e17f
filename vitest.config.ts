import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

import { wasmModules } from "./test/support/wasm-modules.ts";

/** Unit tests run in Node; worker tests in workerd with storage; e2e drives the built Worker. */
export default defineConfig({
  test: {
    globalSetup: "./test/support/kit/build.ts",
    // End-to-end tests wait more than they compute, so two share a machine of two cores well.
    maxWorkers: 2,
    projects: [
      {
        plugins: [wasmModules()],
        test: { name: "unit", include: ["test/unit/**/*.test.ts"] },
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
    ],
  },
});
