import { defineConfig } from "vitest/config";

const source = (path: string): string => new URL(path, import.meta.url).pathname;

export default defineConfig({
  // by these names the package has what is compiled; tests run the sources
  resolve: {
    alias: { "#platform": source("./src/platform/node/index.ts"), "#session": source("./src/session/node/index.ts") },
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/global-setup.ts"],
    env: { HF_HUB_OFFLINE: "1" }, // a test that wants a Hub plays it
    testTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
