import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { all, collisions, parsed } from "../charts/drawing.ts";
import { rowsOf, runHere, temporary } from "../running.ts";

const broken = vi.hoisted(() => ({ now: false }));
vi.mock("../../src/charts/training-svg.ts", async (original) => {
  const { trainingSvg } = await original<typeof import("../../src/charts/training-svg.ts")>();
  return {
    trainingSvg(log: Parameters<typeof trainingSvg>[0]) {
      if (broken.now) throw new Error("no ink");
      return trainingSvg(log);
    },
  };
});

const read = (path: string): string => readFileSync(path, "utf8");
const picturesIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith(".svg")).sort(); // biome-ignore format: a chain
const linkedIn = (folder: string): string[] =>
  [...read(`${folder}/README.md`).matchAll(/!\[[^\]]+\]\((\S+)\)/g)].map(([, file]) => file!);

describe("pictures of a run", () => {
  test("lie beside the model, well-formed, and the card shows them", async () => {
    const folder = temporary();
    await runHere({ method: "lora", max_steps: 3, output_dir: folder });
    expect(picturesIn(folder)).toEqual(["confusion.svg", "reliability.svg", "training.svg"]);
    expect(linkedIn(folder).sort()).toEqual(picturesIn(folder));
    for (const name of picturesIn(folder)) expect(collisions(parsed(read(`${folder}/${name}`)))).toEqual([]);
    const titles = all(parsed(read(`${folder}/training.svg`)), "text").map(({ text }) => text);
    expect(titles).toEqual(expect.arrayContaining(["loss", "eval_macro_f1", "learning rate", "gradient norm"]));
  });

  test("each kind of run leaves its own, and none of an earlier kind", async () => {
    const folder = temporary();
    const words = { train: rowsOf(true).train!, test: rowsOf(true).test! };
    const search = ["train", "test"].map((split) => [split, Array.from({ length: 12 }, (_, i) => ({ anchor: `question ${i}`, positive: `the answer ${i}` }))]); // biome-ignore format: rows
    const values = ["train", "test"].map((split) => [split, rowsOf()[split]!.map(({ text }, i) => ({ text, label: i / 10 }))]); // biome-ignore format: rows
    const lists = ["train", "test"].map((split) => [split, rowsOf()[split]!.map(({ text, label }, i) => ({ text, labels: i % 3 ? [label] : [] }))]); // biome-ignore format: rows
    const classifier = ["confusion.svg", "reliability.svg", "training.svg"];
    const kinds = [
      [{ task_type: "TOKEN_CLS" }, words, classifier],
      [{ task_type: "FEATURE_EXTRACTION" }, Object.fromEntries(search), ["retrieval.svg", "training.svg"]],
      [{}, rowsOf(), classifier],
      [{ problem_type: "regression" }, Object.fromEntries(values), ["predicted.svg", "training.svg"]],
      [{}, Object.fromEntries(lists), ["labels.svg", "training.svg"]],
      [{}, { train: rowsOf().train! }, ["training.svg"]],
    ] as const;
    for (const [keys, rows, files] of kinds) {
      await runHere({ method: "lora", max_steps: 2, output_dir: folder, ...keys }, { rows });
      expect(picturesIn(folder)).toEqual(files);
      expect(linkedIn(folder).sort()).toEqual(files);
      for (const name of files) expect(collisions(parsed(read(`${folder}/${name}`)))).toEqual([]);
    }
  });

  test("a picture that cannot be drawn is a warning: model, results and card are there, and no earlier picture", async () => {
    const folder = temporary();
    await runHere({ method: "lora", max_steps: 1, output_dir: folder });
    broken.now = true;
    const { events } = await runHere({ method: "lora", max_steps: 1, output_dir: folder }).finally(() => {
      broken.now = false;
    });
    const warnings = events.flatMap((event) => (event.kind === "warning" ? event.message : []));
    expect(warnings).toContain("training.svg was not written: no ink");
    expect(events.at(-1)).toMatchObject({ kind: "done" });
    expect(picturesIn(folder)).not.toContain("training.svg");
    expect(linkedIn(folder)).toEqual(picturesIn(folder));
    expect(existsSync(`${folder}/adapter_model.safetensors`)).toBe(true);
  });
});
