import { expect, test } from "vitest";

/** Names that users may import. One that goes, or comes, is a decision. */
const PUBLIC = [
  // models and methods
  ...["loadModel", "lora", "adapter", "ia3", "lnTuning", "full", "head"],
  // verbs
  ...["train", "plan", "inspect", "evaluate", "predict", "embed", "compare", "exportModel"],
  // models that stay open, one class a task
  ...["Classifier", "Tagger", "Embedder", "TextGenerator"],
  // recipes, data and models on disk
  ...["readRecipe", "recipeJsonSchema", "lookAtRows", "embeddedRows", "writeEmbedded", "downloadModel", "VERSION"],
  // errors
  ...["LowrankError", "AdapterError", "ArchitectureError", "CheckpointError", "DataError", "DivergedError"],
  ...["EngineError", "FileError", "InterruptedError", "NoTargetError", "OutOfMemoryError", "RecipeError"],
  ...["TokenizerError"],
];

/** What needs processes or Node's files. */
const NODE_ONLY = ["compare", "embeddedRows", "writeEmbedded"];

test("the public API has these names, and the browser's those that need no process", async () => {
  expect(Object.keys(await import("../src/index.ts")).sort()).toEqual([...PUBLIC].sort());
  expect(PUBLIC.length).toBeLessThanOrEqual(40);
  const web = [...PUBLIC.filter((name) => !NODE_ONLY.includes(name)), "useEnvironment", "useRuntime"];
  expect(Object.keys(await import("../src/web.ts")).sort()).toEqual(web.sort());
}, 120_000); // it loads the whole library twice, file by file
