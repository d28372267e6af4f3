import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/global-setup.ts"],
    env: { HF_HUB_OFFLINE: "1" }, // a test that wants a Hub plays it
    testTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
