import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { recipeOfTrained } from "../../src/assemble/recipe-of-trained.ts";
import { fetchModels } from "../../src/verbs/fetch-models.ts";
import { loadModel } from "../../src/verbs/model.ts";
import { playedHub } from "../formats/hub/played-hub.ts";

const hub = playedHub();
const BASE = "foundation/model";
const filesOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(`${folder}/${name}`)]));
const adapter = { "adapter_config.json": "{}", "adapter_model.safetensors": "weights" };
const recipe = (more = "") => `model_name_or_path: org/base\ndataset_name: none\ntask_type: SEQ_CLS\n${more}`;

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "fetch-"));
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE"]) vi.stubEnv(name, "");
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("HF_ENDPOINT", hub.url);
  hub.models.set("org/base", { files: filesOf(BASE), revisions: ["v1"] });
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

const cached = () => readdirSync(`${home}/hub`).sort();
const kinds = (id: string) => readdirSync(join(home, "hub", id, "snapshots"), { recursive: true }).map(String);

test("a model of the Hub opens by its id, and a second time without a request", async () => {
  const model = await loadModel("org/base", { taskType: "SEQ_CLS" });
  expect(model.summary()).toContain("trainable");
  hub.requests.length = 0;
  await loadModel("org/base", { taskType: "SEQ_CLS" });
  expect(hub.requests).toEqual([]);
});

test("an adapter of the Hub brings its base, at the revision that it was trained on", async () => {
  hub.models.set("org/adapter", { files: { ...adapter, "recipe.yaml": recipe("model_revision: v1\n") } });
  await fetchModels({ adapter: "org/adapter" });
  expect(cached()).toEqual(["models--org--adapter", "models--org--base"]);
  expect(readdirSync(`${home}/hub/models--org--base/refs`)).toEqual(["v1"]);
});

test("of a base with fresh weights the configuration is enough", async () => {
  await fetchModels({ model: "org/base", weights: false });
  expect(kinds("models--org--base").some((name) => name.endsWith(".safetensors"))).toBe(false);
});

test("a whole model takes the base's place", async () => {
  hub.models.set("org/trained", { files: filesOf(BASE) });
  await fetchModels({ adapter: "org/trained", model: "org/base" });
  expect(cached()).toEqual(["models--org--trained"]);
});

test("folders, files and what comes with the library are left as they are", async () => {
  cpSync(BASE, `${home}/model`, { recursive: true });
  await fetchModels({ model: `${home}/model` });
  await fetchModels({ model: "embedded" });
  await fetchModels({ model: "some.gguf" });
  expect(hub.requests).toEqual([]);
});

test("an adapter that names no base is refused where it is used, and nothing is asked of the Hub", async () => {
  hub.models.set("org/adapter", { files: { ...adapter, "recipe.yaml": recipe().replace("org/base", "unknown") } });
  await fetchModels({ adapter: "org/adapter" });
  expect(cached()).toEqual(["models--org--adapter"]);
  await expect(recipeOfTrained("org/adapter")).rejects.toThrow(/the adapter's config names no base model/);
});
