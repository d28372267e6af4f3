import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Model } from "../../src/index.ts";
import { copyOf, fixture, type Keys, type Ran, readJson, rowsOf, runHere, temporary } from "../running.ts";

/** The library as it ships: its training thread is compiled. */
const { loadModel, lora, train } = (await import(
  join(import.meta.dirname, "../../dist/index.js")
)) as typeof import("../../src/index.ts");

const keys: Keys = { method: "lora", max_steps: 1 };
const warningsOf = ({ events }: Ran): string[] =>
  events.flatMap((event) => (event.kind === "warning" ? event.message : []));

/** A folder with the fixtures' training data in a file. */
function dataFolder(): string {
  const folder = temporary();
  writeFileSync(
    `${folder}/train.jsonl`,
    rowsOf()
      .train!.map((row) => `${JSON.stringify(row)}\n`)
      .join(""),
  );
  return folder;
}

test("a run does not write where its base lies, however the path is spelled", async () => {
  const base = copyOf("bert");
  const link = `${temporary()}/link`;
  symlinkSync(base, link);
  const before = readdirSync(base);
  for (const output_dir of [base, `${base}/`, `${base}/../${base.split("/").at(-1)}`, link]) {
    await expect(runHere({ ...keys, model_name_or_path: base, output_dir })).rejects.toThrow(
      `output_dir ${output_dir} contains the base model, which the run would overwrite\n  at: model_name_or_path: ${base}`,
    );
  }
  expect(readdirSync(base)).toEqual(before);
});

test("nor where its data lie", async () => {
  const data = dataFolder();
  for (const dataset_name of [data, `${data}/train.jsonl`]) {
    await expect(runHere({ ...keys, dataset_name, output_dir: data })).rejects.toThrow("contains the data set");
  }
  await runHere({ ...keys, dataset_name: data, output_dir: `${data}/out` });
});

test("nor over the adapter that it starts from, the checkpoints of the folder included", async () => {
  const folder = temporary();
  await runHere({ ...keys, save_strategy: "epoch", output_dir: folder });
  for (const adapter_name_or_path of [folder, `${folder}/checkpoint-1`]) {
    await expect(runHere({ ...keys, adapter_name_or_path, output_dir: folder })).rejects.toThrow(
      /contains the starting adapter[\s\S]*hint: to continue an interrupted run, use resume_from_checkpoint: true/,
    );
  }
});

test("a GGUF file's folder is its base's too", async () => {
  const folder = temporary();
  cpSync(fixture("gguf/llama.gguf"), `${folder}/llama.gguf`);
  const gguf = { model_name_or_path: `${folder}/llama.gguf`, task_type: "CAUSAL_LM", output_dir: folder };
  await expect(runHere({ ...keys, ...gguf })).rejects.toThrow("contains the base model");
});

/** Writes the lock of a process. */
function lockOf(folder: string, holder: object): void {
  writeFileSync(`${folder}/.lowrank.lock`, JSON.stringify({ token: "another", ...holder }));
}

test("of two runs into one folder the second is refused, and the lock is gone after the first", async () => {
  const folder = temporary();
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  try {
    const stat = readFileSync(`/proc/${other.pid}/stat`, "utf8");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const began = `${boot} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
    lockOf(folder, { host: hostname(), pid: other.pid, began });
    await expect(runHere({ ...keys, output_dir: folder })).rejects.toThrow(
      new RegExp(
        `another run is writing into ${folder}: process ${other.pid} on [\\s\\S]*delete ${folder}/.lowrank.lock`,
      ),
    );
    expect(readdirSync(folder)).toEqual([".lowrank.lock"]);
  } finally {
    other.kill();
    await once(other, "exit");
  }
  await runHere({ ...keys, output_dir: folder }); // the process is dead: its lock holds nothing
  expect(existsSync(`${folder}/.lowrank.lock`)).toBe(false);
});

test("a process that was given a dead one's id does not hold its lock; nor does a file of no meaning", async () => {
  const folder = temporary();
  lockOf(folder, { host: hostname(), pid: process.pid, began: "another boot 1" });
  await runHere({ ...keys, output_dir: folder });
  writeFileSync(`${folder}/.lowrank.lock`, "{");
  await runHere({ ...keys, output_dir: folder });
});

test("a lock of another machine counts while it shows signs of life", async () => {
  const folder = temporary();
  lockOf(folder, { host: "elsewhere", pid: 1 });
  await expect(runHere({ ...keys, output_dir: folder })).rejects.toThrow("process 1 on elsewhere");
});

test("a run over an earlier one says so; the earlier model stays until the new one is there, then it is gone", async () => {
  const folder = temporary();
  await runHere({ ...keys, save_strategy: "epoch", output_dir: folder });
  const full = { method: "full", max_steps: 1, output_dir: folder };
  const again = await runHere(full, { rows: { train: rowsOf().train! } });
  expect(warningsOf(again)).toContain(
    `${folder} contains an earlier run: its log and results are replaced now, its model when this run ends; ` +
      "checkpoint-1 stays until this run writes one with the same name. resume_from_checkpoint: true would continue it.",
  );
  const names = readdirSync(folder);
  expect(names).toContain("model.safetensors");
  expect(names.filter((name) => /adapter|eval_/.test(name))).toEqual([]);
  expect(readJson(`${folder}/trainer_state.json`).global_step).toBe(1);
});

/** One method for each kind of files, so ordered that every one follows each other one. */
const ORDER = "full lora full adapter full ia3 lora adapter lora ia3 adapter ia3 full".split(" ");
const rows = { train: rowsOf().train!.slice(0, 8) };
const modelIn = (folder: string): readonly [readonly string[], Buffer] => {
  const names = readdirSync(folder).sort();
  const weights = names.find((name) => /^(adapter_)?(model|adapter)\.safetensors$/.test(name));
  return [names, readFileSync(`${folder}/${weights}`)];
};

test.each([false, true])(
  "each method over each other leaves what it leaves in a new folder (manifest lost: %s)",
  async (lost) => {
    const run = (method: string, output_dir: string) => runHere({ method, max_steps: 1, output_dir }, { rows });
    const fresh = new Map<string, ReturnType<typeof modelIn>>();
    for (const method of new Set(ORDER)) {
      const folder = temporary();
      await run(method, folder);
      fresh.set(method, modelIn(folder));
    }
    const folder = temporary();
    await run(ORDER[0]!, folder);
    for (const method of ORDER.slice(1)) {
      if (lost) rmSync(`${folder}/manifest.json`);
      const said = warningsOf(await run(method, folder)).join();
      expect(said).toMatch(
        lost ? /contains another model: .*replaces it when/ : /an earlier run: .*its model when this run ends/,
      );
      expect(modelIn(folder), method).toEqual(fresh.get(method));
    }
  },
);

test("a run that saves no model is refused where an earlier one would answer for it", async () => {
  const folder = temporary();
  await runHere({ ...keys, output_dir: folder }, { rows });
  const before = readFileSync(`${folder}/recipe.yaml`, "utf8");
  const unsaved = { method: "full", max_steps: 1, save_strategy: "no", output_dir: folder };
  await expect(runHere(unsaved, { rows })).rejects.toThrow(
    /contains a model, and save_strategy: no would leave it there\n {2}at: .*adapter_/,
  );
  expect(readFileSync(`${folder}/recipe.yaml`, "utf8")).toBe(before);
});

test("the trained model is written before its evaluation can fail", async () => {
  const data = dataFolder();
  const folder = `${data}/out`;
  cpSync(`${data}/train.jsonl`, `${data}/test.jsonl`);
  const events: string[] = [];
  const run = runHere(
    { ...keys, max_steps: 2, dataset_name: data, output_dir: folder },
    {
      onEvent: ({ kind }) => {
        events.push(kind);
        if (kind === "step") rmSync(`${data}/test.jsonl`, { force: true });
      },
    },
  );
  await expect(run).rejects.toThrow("test.jsonl");
  expect(events.filter((kind) => kind === "step").length).toBe(2);
  expect(readJson(`${folder}/adapter_config.json`).r).toBe(16);
  expect(existsSync(`${folder}/.lowrank.lock`)).toBe(false);
});

test("a best state that vanishes while the run goes on costs nothing but itself", async () => {
  const folder = temporary();
  const rows = { ...rowsOf(), dev: rowsOf().test! };
  const best = { eval_strategy: "steps", eval_steps: 2, load_best_model_at_end: true, max_steps: 3 };
  const ran = await runHere(
    { ...keys, ...best, output_dir: folder },
    {
      rows,
      onEvent: (event) => {
        if (event.kind === "step" && event.step === 3) rmSync(`${folder}/checkpoint-2`, { recursive: true });
      },
    },
  );
  expect(warningsOf(ran).join()).toContain("the best state cannot be restored, so the last one is used");
  expect(existsSync(`${folder}/adapter_model.safetensors`)).toBe(true);
});

test("a folder that is no model is left alone", async () => {
  const folder = temporary();
  mkdirSync(`${folder}/notes`);
  writeFileSync(`${folder}/notes.txt`, "mine");
  const ran = await runHere({ ...keys, output_dir: folder });
  expect(warningsOf(ran)).toEqual([]);
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(["notes", "notes.txt"]));
});

test("a model that is saved twice is the second one only, and never over its base", async () => {
  const [folder, base] = [temporary(), copyOf("bert")];
  const train1 = async (model: Model): Promise<Model> => {
    for await (const _ of train(model, { data: rowsOf().train!.slice(0, 8), maxSteps: 1 }));
    return model;
  };
  const tuned = await train1((await loadModel(base)).with(lora({ r: 2 })));
  await tuned.save(folder);
  expect(existsSync(`${folder}/adapter_model.safetensors`)).toBe(true);
  await (await train1(await loadModel(base))).save(folder);
  expect(readdirSync(folder).sort()).toEqual(
    ["config.json", "manifest.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"].sort(),
  );
  await expect(tuned.save(base)).rejects.toThrow("contains the base model");
});
