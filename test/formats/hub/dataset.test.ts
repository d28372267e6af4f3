import { existsSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { dataFolder, storedRows } from "../../../src/assemble/dataset.ts";
import { datasetFiles } from "../../../src/formats/hub/dataset-files.ts";
import type { DownloadProgress } from "../../../src/index.ts";
import { collected } from "../../data/collected.ts";
import { runHere, temporary } from "../../running.ts";
import { COMMIT, COPY_COMMIT, type PlayedModel, playedHub, refuse } from "./played-hub.ts";

const hub = playedHub();
let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "hub-data-"));
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"]) vi.stubEnv(name, ""); // biome-ignore format: a list
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("HF_ENDPOINT", hub.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

const parquet = readFileSync(join(import.meta.dirname, "../../data/fixtures/rows.parquet"));
const csv = (text: string): string => `text,label\n${text},law\n`;
const put = (files: PlayedModel["files"], id = "org/rows"): unknown => hub.datasets.set(id, { files });
const source = { dataset_name: "org/rows" };
const textsOf = async (split: string, more: object = {}): Promise<unknown[]> =>
  (await collected(await storedRows({ ...source, ...more }, split))).map(({ values }) => values.text);
const refusal = (more: object = {}): Promise<string> =>
  dataFolder({ ...source, ...more }).then(
    () => expect.fail("was not refused"),
    (error) => String(error),
  );

describe("a data set of the Hub", () => {
  test("is downloaded once, into the cache that Python has, and read from there without a network", async () => {
    put({ "README.md": "", "train.csv": csv("a"), "test.csv": csv("b"), "train.py": "" });
    const seen: DownloadProgress[] = [];
    const folder = await dataFolder(source, { onProgress: (progress) => seen.push(progress) });
    expect(folder).toBe(`${home}/hub/datasets--org--rows/snapshots/${COMMIT}`);
    expect(seen.at(-1)).toMatchObject({ model: "org/rows", bytes: Buffer.byteLength(csv("a") + csv("b")) });
    expect(await textsOf("train")).toEqual(["a"]);
    expect(await textsOf("test")).toEqual(["b"]);
    expect(hub.requests.filter((path) => path.startsWith("/api"))).toEqual([
      "/api/datasets/org/rows/revision/main?blobs=true",
    ]);
    expect(existsSync(`${folder}/README.md`)).toBe(false);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    hub.datasets.clear();
    expect(await textsOf("train")).toEqual(["a"]);
  });

  test("trains", async () => {
    const rows = ["clause", "term", "fee", "notice"].map((text) => csv(text).split("\n")[1]);
    put({ "data/train.csv": `text,label\n${rows.join("\n")}\n${rows.join("\n").replaceAll("law", "fees")}\n` });
    const output_dir = temporary();
    const { losses } = await runHere({ dataset_name: "org/rows", output_dir, max_steps: 2, eval_strategy: "no" });
    expect(losses).toHaveLength(2);
    expect(readFileSync(`${output_dir}/recipe.yaml`, "utf8")).toContain("dataset_name: org/rows");
  });

  test("whose rows a program makes is read from the Hub's own copy", async () => {
    put({ "rows.py": "print()", "dataset_infos.json": "{}" });
    put(
      { "default/train/0000.parquet": parquet, "default/test/0000.parquet": parquet },
      "org/rows@refs/convert/parquet",
    );
    expect(await dataFolder(source)).toBe(`${home}/hub/datasets--org--rows/snapshots/${COPY_COMMIT}/default`);
    expect(await textsOf("train")).toHaveLength(3);
    expect(hub.requests.filter((path) => path.startsWith("/api"))).toHaveLength(2);
  });

  test("of several configurations needs one named", async () => {
    put({ "en/train.csv": csv("a"), "de/train-00000-of-00001.csv": csv("b"), "de/test.csv": csv("c") });
    expect(await refusal()).toMatch(
      /several configurations\n.*datasets\/org\/rows\n.*one of: en, de\n.*dataset_config: en/,
    );
    expect(await refusal({ dataset_config: "fr" })).toMatch(/no configuration fr\n/);
    expect(await textsOf("train", { dataset_config: "de" })).toEqual(["b"]);
    expect(await textsOf("train", { dataset_config: "en" })).toEqual(["a"]);
  });

  test("with a shard missing in the cache is fetched again", async () => {
    put({ "data/train-00000-of-00002.csv": csv("a"), "data/train-00001-of-00002.csv": csv("b") });
    const folder = await dataFolder(source);
    rmSync(`${folder}/train-00001-of-00002.csv`);
    expect(await textsOf("train")).toEqual(["a", "b"]);
  });

  test("is refused with its name: unknown, gated, without data, offline", async () => {
    expect(await refusal()).toContain("data set org/rows is neither a folder here nor a data set on the Hub");
    hub.datasets.set("org/rows", { files: {}, instead: (_, response) => !!refuse(response, 403, "GatedRepo") });
    expect(await refusal()).toMatch(/data set org\/rows is gated\n.*datasets\/org\/rows/);
    put({ "README.md": "", "rows.py": "" });
    expect(await refusal()).toMatch(/no file that lowrank can read\n.*\n.*\n.*README\.md, rows\.py/);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await refusal()).toMatch(/data set org\/rows .*already downloaded.*\n.*--repo-type dataset/s);
  });

  test("a path is never asked for", async () => {
    for (const dataset_name of ["rows.csv", "data/rows.jsonl", "./org/rows", "test/rows", "rows", "org/rows/more"])
      expect(await dataFolder({ dataset_name })).toBe(dataset_name);
    expect(hub.requests).toEqual([]);
  });
});

describe("data files of a repository", () => {
  test.each<[string[], string | undefined, string, string[]]>([
    [["train.csv", "data/train.csv"], undefined, "", ["train.csv"]],
    [["info.json", "data/train.parquet"], undefined, "data", ["data/train.parquet"]],
    [
      ["train/a.jsonl", "train/b.jsonl", "test/a.jsonl"],
      undefined,
      "",
      ["train/a.jsonl", "train/b.jsonl", "test/a.jsonl"],
    ],
    [["plain/rows.csv"], undefined, "plain", ["plain/rows.csv"]],
    [["rows.csv", ".cache/x.csv", "state.json"], undefined, "", ["rows.csv"]],
    [["default/train/0000.parquet", "other/train/0000.parquet"], undefined, "default", ["default/train/0000.parquet"]],
    [["data/en/train.csv", "data/de/train.csv"], "de", "data/de", ["data/de/train.csv"]],
  ])("%j, %s", (names, config, folder, files) => {
    expect(datasetFiles(names, config, "here")).toEqual({ folder, files });
  });

  test("none, or names that cannot be stored", () => {
    expect(datasetFiles(["README.md", "dataset_infos.json"], undefined, "here")).toBeUndefined();
    expect(() => datasetFiles(["data/../../train.csv"], "data/../..", "here")).toThrow("leads out of its folder");
    expect(() => datasetFiles(["train.csv", "Train.csv"], undefined, "here")).toThrow("differ in case only");
  });
});
