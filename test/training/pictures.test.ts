import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { all, collisions, parsed } from "../charts/drawing.ts";
import { runHere, temporary } from "../running.ts";

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
    expect(picturesIn(folder)).toEqual(["training.svg"]);
    expect(linkedIn(folder).sort()).toEqual(picturesIn(folder));
    for (const name of picturesIn(folder)) expect(collisions(parsed(read(`${folder}/${name}`)))).toEqual([]);
    const titles = all(parsed(read(`${folder}/training.svg`)), "text").map(({ text }) => text);
    expect(titles).toEqual(expect.arrayContaining(["loss", "eval_macro_f1", "learning rate", "gradient norm"]));
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
