import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { relative } from "node:path";
import { describe, expect, test } from "vitest";
import { InterruptedError } from "../../src/errors.ts";
import { writeSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { MANIFEST, type Manifest, readManifest, writeManifest } from "../../src/training/checkpoints/manifest.ts";
import { changedModel, copyOf, type Keys, type Ran, readJson, rowsOf, runHere, temporary } from "../running.ts";

const warningsOf = ({ events }: Ran): string[] =>
  events.flatMap((event) => (event.kind === "warning" ? event.message : []));
const firstStep = ({ steps }: Ran): number | undefined => steps[0]?.step;

/** Six steps of LoRA, a checkpoint every second one. */
const keys: Keys = { method: "lora", max_steps: 6, save_strategy: "steps", save_steps: 2 };

async function stoppedAt(step: number, more: Keys = {}): Promise<string> {
  const folder = temporary();
  const ran = await runHere({ ...keys, output_dir: folder, ...more }, { stopAfter: step });
  expect(ran.error).toBeInstanceOf(InterruptedError);
  return folder;
}

function flipBit(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}

describe("a checkpoint that is not whole", () => {
  const damages: [name: string, damage: (folder: string) => void, why: string][] = [
    ["without a manifest", (folder) => rmSync(`${folder}/manifest.json`), "manifest.json is missing or cannot be read"],
    ["with a bit of the manifest flipped", (folder) => flipBit(`${folder}/manifest.json`), "manifest.json is"],
    ["with a bit of the optimizer flipped", (folder) => flipBit(`${folder}/optimizer.safetensors`), "optimizer.safetensors is damaged: its SHA-256"],
    ["with weights cut off", (folder) => truncateSync(`${folder}/adapter_model.safetensors`, 100), "adapter_model.safetensors has 100 of "],
    ["without its state", (folder) => rmSync(`${folder}/trainer_state.json`), "trainer_state.json is missing"],
  ]; // biome-ignore format: a table
  test.each(damages)("%s is passed over, and the run says so", async (_, damage, why) => {
    const folder = await stoppedAt(4);
    damage(`${folder}/checkpoint-4`);
    const resumed = await runHere({ ...keys, output_dir: folder, resume_from_checkpoint: true });
    expect(firstStep(resumed)).toBe(3);
    const [passedOver, from] = warningsOf(resumed);
    expect(passedOver).toContain(`${folder}/checkpoint-4 is incomplete and was skipped: ${why}`);
    expect(from).toBe(`resumed at step 2, from ${folder}/checkpoint-2.`);
  });

  test("is refused when it is named", async () => {
    const folder = await stoppedAt(4);
    rmSync(`${folder}/checkpoint-4/manifest.json`);
    const named = { ...keys, output_dir: folder, resume_from_checkpoint: `${folder}/checkpoint-4` };
    await expect(runHere(named)).rejects.toThrow(
      `${folder}/checkpoint-4 is not a complete checkpoint: manifest.json is`,
    );
  });

  test("that is the only one leaves nothing to resume from, with the reason", async () => {
    const folder = await stoppedAt(2);
    mkdirSync(`${folder}/checkpoint-99`);
    rmSync(`${folder}/checkpoint-2/manifest.json`);
    await expect(runHere({ ...keys, output_dir: folder, resume_from_checkpoint: true })).rejects.toThrow(
      new RegExp(
        `no checkpoint in ${folder} to resume from[\\s\\S]*checkpoint-99 is incomplete[\\s\\S]*checkpoint-2 is incomplete`,
      ),
    );
  });
});

test("what a dead process left unfinished is swept away, and a folder it was replacing comes back", async () => {
  const folder = await stoppedAt(4);
  const id = "00000000-0000-4000-8000-000000000000";
  cpSync(`${folder}/checkpoint-4`, `${folder}/checkpoint-6.${id}.incomplete`, { recursive: true });
  renameSync(`${folder}/checkpoint-2`, `${folder}/checkpoint-2.${id}.replaced`);
  const resumed = await runHere({ ...keys, output_dir: folder, resume_from_checkpoint: true }, { stopAfter: 1 });
  expect(firstStep(resumed)).toBe(5);
  const left = readdirSync(folder).filter((name) => name.startsWith("checkpoint"));
  expect(left.sort()).toEqual(["checkpoint-2", "checkpoint-4", "checkpoint-5"]);
});

test("a checkpoint that a dead process had no time to drop goes when the run is resumed, also without a step left", async () => {
  const folder = temporary();
  const limited = { ...keys, save_total_limit: 1, output_dir: folder };
  await runHere(limited);
  cpSync(`${await stoppedAt(4)}/checkpoint-4`, `${folder}/checkpoint-4`, { recursive: true });
  await runHere({ ...limited, resume_from_checkpoint: true });
  expect(readdirSync(folder).filter((name) => name.startsWith("checkpoint"))).toEqual(["checkpoint-6"]);
});

describe("resuming compares", () => {
  const rows = rowsOf();
  test("the training data", async () => {
    const folder = await stoppedAt(2);
    const other = { ...rows, train: rows.train!.with(0, { ...rows.train![0], text: "another" }) };
    await expect(
      runHere({ ...keys, output_dir: folder, resume_from_checkpoint: true }, { rows: other }),
    ).rejects.toThrow("the training data has changed");
  });

  test("the base model's weights", async () => {
    const folder = await stoppedAt(2);
    const base = await changedModel({}, (tensors) =>
      [...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => x + 1e-3) }] as const),
    );
    await expect(
      runHere({ ...keys, model_name_or_path: base, output_dir: folder, resume_from_checkpoint: true }),
    ).rejects.toThrow("the base model's weights or config.json have changed");
  });

  test("nothing of where things lie: copies of base and data under other paths will do", async () => {
    const [folder, data] = [temporary(), temporary()];
    writeFileSync(`${data}/train.jsonl`, rows.train!.map((row) => `${JSON.stringify(row)}\n`).join(""));
    cpSync(`${data}/train.jsonl`, `${data}/copy.jsonl`);
    const run = { ...keys, output_dir: folder };
    await runHere({ ...run, dataset_name: `${data}/train.jsonl` }, { stopAfter: 2 });
    const moved = { model_name_or_path: copyOf("bert"), dataset_name: `${data}/copy.jsonl` };
    const resumed = await runHere({ ...run, ...moved, resume_from_checkpoint: true }, { stopAfter: 1 });
    expect(firstStep(resumed)).toBe(3);
    writeFileSync(`${data}/copy.jsonl`, readFileSync(`${data}/train.jsonl`, "utf8").replace(/("text": ?")/, "$1more "));
    await expect(runHere({ ...run, ...moved, resume_from_checkpoint: true })).rejects.toThrow(
      "the training data has changed",
    );
  });

  test("a key that is newer than the checkpoint by its default", async () => {
    const folder = await stoppedAt(2);
    const checkpoint = `${folder}/checkpoint-2`;
    const { step, run } = (await readManifest(checkpoint)) as Manifest;
    const { label_smoothing_factor, ...recipe } = run!.recipe;
    expect(label_smoothing_factor).toBe(0);
    rmSync(`${checkpoint}/${MANIFEST}`);
    await writeManifest(checkpoint, step, { ...run!, recipe });
    const resumed = { ...keys, output_dir: folder, resume_from_checkpoint: true };
    await expect(runHere({ ...resumed, label_smoothing_factor: 0.1 })).rejects.toThrow(
      "label_smoothing_factor: 0.1 instead of 0",
    );
    const ran = await runHere(resumed, { stopAfter: 1 });
    expect([firstStep(ran), warningsOf(ran).filter((text) => text.includes("different settings"))]).toEqual([3, []]);
  });

  test("evaluation data, which may change: it is said", async () => {
    const folder = await stoppedAt(2);
    const fewer = { ...rows, test: rows.test!.slice(1) };
    const resumed = await runHere({ ...keys, output_dir: folder, resume_from_checkpoint: true }, { rows: fewer });
    expect(warningsOf(resumed)).toContain(
      `the run continues from ${folder}/checkpoint-2 with different settings: the test data has changed.`,
    );
  });

  test("a run that would end before the checkpoint is refused", async () => {
    const folder = await stoppedAt(4);
    await expect(runHere({ ...keys, max_steps: 3, output_dir: folder, resume_from_checkpoint: true })).rejects.toThrow(
      "the checkpoint is at step 4, but this run ends at step 3",
    );
  });
});

test("an optimizer's state of another type than ours is refused, although the manifest agrees", async () => {
  const checkpoint = `${await stoppedAt(2)}/checkpoint-2`;
  const { step, run } = (await readManifest(checkpoint)) as Manifest;
  const odd = { dtype: "F16", shape: [3], data: new Uint8Array(6) } as const;
  await writeSafetensors(`${checkpoint}/optimizer.safetensors`, [["a.exp_avg", odd]]);
  rmSync(`${checkpoint}/manifest.json`);
  await writeManifest(checkpoint, step, run);
  await expect(runHere({ ...keys, resume_from_checkpoint: checkpoint })).rejects.toThrow(
    /^the optimizer's state is stored as F16\n.*optimizer.safetensors, a.exp_avg\n.*expected: F32 or U8$/,
  );
});

describe("the best state", () => {
  const rows = { ...rowsOf(), dev: rowsOf().test! };
  const best: Keys = { ...keys, eval_strategy: "steps", eval_steps: 2, load_best_model_at_end: true, save_total_limit: 1, learning_rate: 0.1, lr_scheduler_type: "constant", metric_for_best_model: "macro_f1" }; // biome-ignore format: one line
  const at = (folder: string): string => String(readJson(`${folder}/trainer_state.json`).best_model_checkpoint);

  test.each([
    ["spelled otherwise", (folder: string) => relative(process.cwd(), folder)],
    [
      "moved",
      (folder: string) => {
        renameSync(folder, `${folder}-moved`);
        return `${folder}-moved`;
      },
    ],
  ])("is kept and found in a folder that is %s", async (_, move) => {
    const folder = temporary();
    await runHere({ ...best, max_steps: 4, output_dir: folder }, { rows });
    const there = move(folder);
    const resumed = await runHere({ ...best, max_steps: 8, output_dir: there, resume_from_checkpoint: true }, { rows });
    expect(firstStep(resumed)).toBe(5);
    const file = "adapter_model.safetensors";
    expect(readFileSync(`${there}/${file}`)).toEqual(readFileSync(`${there}/${at(there)}/${file}`));
    if (there.endsWith("-moved")) rmSync(there, { recursive: true });
  });

  test("comes along when a run goes on in another folder", async () => {
    const [folder, other] = [temporary(), temporary()];
    await runHere({ ...best, max_steps: 4, output_dir: folder }, { rows });
    const named = { ...best, max_steps: 5, output_dir: other, resume_from_checkpoint: `${folder}/checkpoint-4` };
    await runHere(named, { rows });
    expect(existsSync(`${other}/${at(other)}/manifest.json`)).toBe(true);
  });

  test("that is gone is said at the start, and the model is written all the same", async () => {
    const folder = temporary();
    await runHere({ ...best, save_total_limit: undefined, max_steps: 4, output_dir: folder }, { rows });
    const state = readJson(`${folder}/checkpoint-4/trainer_state.json`);
    if (state.best_model_checkpoint !== "checkpoint-2") return; // seen to be 2 with this data and rate
    rmSync(`${folder}/checkpoint-2`, { recursive: true });
    const more = { ...best, max_steps: 5, eval_steps: 9, output_dir: folder, resume_from_checkpoint: true };
    const resumed = await runHere(more, { rows });
    expect(warningsOf(resumed).join("\n")).toContain(
      `the best state so far is unusable: ${folder}/checkpoint-2: manifest.json is missing`,
    );
    expect(existsSync(`${folder}/adapter_model.safetensors`)).toBe(true);
  });
});
