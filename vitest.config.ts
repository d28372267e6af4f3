import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

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

/** Files that take minutes: begun last, one worker would end long after the other. */
const LONG = /references\/|resume\.test|recipes\.test|parity\.test|lora-keys\.test|output-folder\.test|e2e\.test/;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): number => Number(LONG.test(moduleId));
    return (await super.sort(files)).sort((a, b) => isLong(b) - isLong(a));
  }
}

/** Folders whose tests may share the modules that they import: importing them takes longer than most tests. */
const SHARING = [
  ...["assemble", "autodiff", "charts", "chat", "data", "events", "examples", "formats", "generation", "ir", "jinja"],
  ...["linalg", "merging", "methods", "metrics", "models", "onnx", "ops", "optim", "parity", "passes", "peft"],
  ...["provisions", "quant", "recipe", "tasks", "tensorboard", "tokenizer", "training", "verbs"],
];

/** What changes something that another test sees: mocks, the environment, the working folder, globals. */
const CHANGING = /\bvi\.|process\.env\b|process\.chdir|globalThis\./;

const shared = SHARING.flatMap((folder) =>
  readdirSync(`test/${folder}`, { recursive: true, encoding: "utf8" }).map((name) => `test/${folder}/${name}`),
).filter((path) => path.endsWith(".test.ts") && !CHANGING.test(readFileSync(path, "utf8")));

/** Tests that need Chromium: `npm run test:browser`. */
const BROWSER = ["test/browser/**/*.test.ts", "test/site/**/*.test.ts"];

/** Tests that need real models, Python or another program: `npm run test:references`. */
const REFERENCES = "test/references/**/*.test.ts";

/** Tests that need a GPU, or SwiftShader, which comes with Debian's Chromium: `npm run test:webgpu`. */
const WEBGPU = "test/webgpu/**/*.test.ts";

export default defineConfig({
  plugins: [sources],
  test: {
    projects: [
      { extends: true, test: { name: "shared", include: shared, isolate: false } },
      {
        extends: true,
        test: {
          name: "apart",
          include: ["test/**/*.test.ts", ...[...shared, REFERENCES, ...BROWSER, WEBGPU].map((glob) => `!${glob}`)],
        },
      },
      { extends: true, test: { name: "references", include: [REFERENCES] } },
      { extends: true, test: { name: "browser", include: BROWSER } },
      { extends: true, test: { name: "webgpu", include: [WEBGPU], globalSetup: ["test/webgpu/swiftshader.ts"] } },
    ],
    globalSetup: ["test/global-setup.ts"],
    setupFiles: ["test/shared-sessions.ts"],
    env: { HF_HUB_OFFLINE: "1" }, // a test that wants a Hub plays it
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongFirst },
    pool: "forks",
    maxWorkers: 2,
  },
});
