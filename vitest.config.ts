import { defineConfig } from "vitest/config";

/** By `#platform` and `#session` the package has what is compiled; among the sources these names are sources, too. */
const sources = {
  name: "sources",
  enforce: "pre" as const,
  resolveId(id: string, importer = ""): string | undefined {
    const [, room] = /^#(platform|session)$/.exec(id) ?? [];
    if (room === undefined || importer.includes("/dist/")) return undefined;
    return new URL(`./src/${room}/node/index.ts`, import.meta.url).pathname;
  },
};

export default defineConfig({
  plugins: [sources],
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/global-setup.ts"],
    env: { HF_HUB_OFFLINE: "1" }, // a test that wants a Hub plays it
    testTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
