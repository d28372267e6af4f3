import { beforeAll, describe, expect, test } from "vitest";
import { InterruptedError } from "../../src/errors.ts";
import { bytesOf, type Keys, type Ran, readJson, rowsOf, runHere, temporary } from "../running.ts";

const given = rowsOf();
const rows = { train: given.train!, dev: given.test!.slice(0, 8), test: given.test!.slice(8) };
const STEPS = 12;
/** A rate that first helps, then harms. */
const keys: Keys = {
  method: "lora",
  learning_rate: 0.1,
  max_steps: STEPS,
  eval_strategy: "steps",
  eval_steps: 1,
  save_strategy: "steps",
  save_steps: 1,
  load_best_model_at_end: true,
  early_stopping_patience: 3,
};
const WEIGHTS = "adapter_model.safetensors";
const stopOf = ({ events }: Ran) => events.find((event) => event.kind === "early_stop");

describe("early_stopping_patience", () => {
  const folder = temporary();
  let ran: Ran;
  let step: number;
  beforeAll(async () => {
    ran = await runHere({ ...keys, output_dir: folder }, { rows });
    step = ran.steps.length;
  });

  test("ends the run after as many evaluations without a better loss, and says so", () => {
    const losses = ran.events.flatMap((event) => (event.kind === "eval" ? event.metrics.eval_loss : [])).slice(0, -1);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(step).toBe(best + 3);
    expect(step).toBeLessThan(STEPS);
    expect(stopOf(ran)).toEqual({
      kind: "early_stop",
      step,
      message: `stopped early at step ${step} of ${STEPS}: the last 3 evaluations did not improve eval_loss.`,
    });
    expect(readJson(`${folder}/train_results.json`)).toMatchObject({ steps: step, stopped_early_at_step: step });
    expect(readJson(`${folder}/trainer_state.json`)).toMatchObject({ global_step: step, max_steps: STEPS });
    expect(bytesOf(`${folder}/${WEIGHTS}`)).toBe(bytesOf(`${folder}/checkpoint-${best}/${WEIGHTS}`));
    expect(bytesOf(`${folder}/${WEIGHTS}`)).not.toBe(bytesOf(`${folder}/checkpoint-${step}/${WEIGHTS}`));
  });

  test("a run resumed before the stop ends at the same step, with the same bytes", async () => {
    const cut = temporary();
    const before = await runHere({ ...keys, output_dir: cut }, { rows, stopAfter: step - 1 });
    expect(before.error).toBeInstanceOf(InterruptedError);
    const after = await runHere({ ...keys, output_dir: cut, resume_from_checkpoint: true }, { rows });
    expect(stopOf(after)).toEqual(stopOf(ran));
    expect(bytesOf(`${cut}/${WEIGHTS}`)).toBe(bytesOf(`${folder}/${WEIGHTS}`));
  });

  test("a run that has stopped trains no further when it is resumed, unless it gets more patience", async () => {
    const resumed = { ...keys, output_dir: temporary(), resume_from_checkpoint: `${folder}/checkpoint-${step}` };
    const again = await runHere(resumed, { rows });
    expect(again.steps).toEqual([]);
    expect(stopOf(again)).toEqual(stopOf(ran));
    const patient = await runHere({ ...resumed, early_stopping_patience: 50, output_dir: temporary() }, { rows });
    expect(patient.steps.at(0)?.step).toBe(step + 1);
    expect(patient.steps.at(-1)?.step).toBe(STEPS);
    expect(stopOf(patient)).toBeUndefined();
  });
});
