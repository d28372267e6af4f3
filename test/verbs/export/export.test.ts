import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openGguf } from "../../../src/formats/gguf/file.ts";
import { exportGguf } from "../../../src/formats/gguf/model/write-gguf.ts";
import { readCheckpoint } from "../../../src/formats/transformers/checkpoint.ts";
import { exportModel } from "../../../src/verbs/export/export.ts";
import { copyOf, fixture, readJson, runHere, temporary } from "../../running.ts";

const BASE = fixture("causal/llama");
const rows = { train: [{ text: "This agreement is governed by the laws of Delaware." }] };
const keys = { model_name_or_path: BASE, task_type: "CAUSAL_LM", max_steps: 5, learning_rate: 3e-2, lora_dropout: 0 };

async function trained(more: Record<string, unknown> = {}): Promise<string> {
  const folder = temporary();
  await runHere({ ...keys, ...more, output_dir: folder }, { rows });
  return folder;
}
const adapter = await trained({ lora_target_modules: "all-linear", use_rslora: true });

describe("what is written computes what was trained", () => {
  test("merged into the base", async () => {
    const report = await exportModel({ format: "safetensors", adapter, out: `${temporary()}/merged` });
    expect(report.difference).toBeLessThan(1e-5);
    expect(report.notes).toEqual([]);
    expect(readJson(`${report.out}/config.json`)).toMatchObject({ architectures: ["LlamaForCausalLM"] });
  });

  test("merged into the base as it was packed, and says so", async () => {
    const packed = await trained({ method: "qlora" });
    const report = await exportModel({ format: "safetensors", adapter: packed, out: `${temporary()}/merged` });
    expect(report.difference).toBeLessThan(1e-4);
    expect(report.notes[0]).toMatch(/trained on nf4 weights, so it is merged into those/);
  });

  test("as an adapter of mlx-lm, and back", async () => {
    const out = `${temporary()}/mlx`;
    expect((await exportModel({ format: "mlx", adapter, out })).difference).toBeLessThan(1e-5);
    const back = await exportModel({ format: "peft", adapter: out, model: BASE, out: `${temporary()}/peft` });
    expect(back.difference).toBeLessThan(1e-5);
  });

  test("as an adapter of llama.cpp, and back", async () => {
    const out = `${temporary()}/adapter.gguf`;
    expect((await exportModel({ format: "gguf", adapter, out })).difference).toBeLessThan(1e-5);
    const back = await exportModel({ format: "peft", adapter: out, model: BASE, out: `${temporary()}/peft` });
    expect(back.difference).toBeLessThan(1e-5);
  });
});

describe("the cut of a base that is a GGUF file", () => {
  const cutOf = async (path: string) => (await openGguf(path)).metadata.get("tokenizer.ggml.pre");

  test.each(["smollm", "starcoder"])("%s keeps its name, and after a merge its way", async (pre) => {
    const model = `${temporary()}/base.gguf`;
    await exportGguf({ base: await readCheckpoint(BASE), out: model, type: "F32", pre });
    const adapter = await trained({ model_name_or_path: model });

    const direct = `${temporary()}/direct.gguf`;
    await exportModel({ format: "gguf", merge: true, dtype: "Q8_0", adapter, out: direct });
    expect(await cutOf(direct)).toBe(pre);

    const merged = `${temporary()}/merged`;
    await exportModel({ format: "safetensors", adapter, out: merged });
    const after = `${temporary()}/after.gguf`;
    expect((await exportModel({ format: "gguf", model: merged, out: after })).difference).toBeLessThan(1e-3);
    expect(await cutOf(after)).toBe("smollm");
  });
});

describe("refused", () => {
  test("a GGUF file to be written as one", async () => {
    const options = { format: "gguf", model: fixture("gguf/llama.gguf"), out: "nowhere" } as const;
    await expect(exportModel(options)).rejects.toThrow(/is a GGUF file already\n.*\n.*an adapter to merge/);
  });

  test("an adapter's format without an adapter", () =>
    expect(exportModel({ format: "mlx", model: BASE, out: "nowhere" })).rejects.toThrow(/mlx holds adapters only/));

  test("a base whose weights are no floats, and nothing of the merged model is left", async () => {
    const model = copyOf("causal/llama");
    const path = `${model}/model.safetensors`;
    const bytes = readFileSync(path, "latin1").replace(/(embed_tokens.weight":\{"dtype":")F32/, "$1I32");
    writeFileSync(path, bytes, "latin1");
    const out = `${temporary()}/merged`;
    await expect(exportModel({ format: "safetensors", adapter, model, out })).rejects.toThrow(/stored as I32/);
    expect(existsSync(out)).toBe(false);
  });

  test("nothing to export", () =>
    expect(exportModel({ format: "gguf", out: "nowhere" })).rejects.toThrow(/a model or an adapter is needed/));

  test("a model that is in that form already", () =>
    expect(exportModel({ format: "safetensors", model: copyOf("causal/llama"), out: "nowhere" })).rejects.toThrow(
      /already in safetensors/,
    ));
});
