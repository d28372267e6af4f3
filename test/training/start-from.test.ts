import { expect, test } from "vitest";
import { fixture, rowsOf, runHere, temporary } from "../running.ts";

const keys = { learning_rate: 1e-2, lr_scheduler_type: "constant", lora_dropout: 0, optim: "sgd" };

test.each(["lora", "dora", "patterns", "lora-bias-all", "houlsby"])("%s goes on where it ended", async (name) => {
  // sgd has no state, so two runs of two steps are one of four
  const method = { adapter_name_or_path: fixture(`bert/adapters/${name}`) };
  const whole = await runHere({ ...keys, ...method, max_train_samples: 16, max_steps: 4 });
  const folder = temporary();
  const first = await runHere({ ...keys, ...method, max_train_samples: 16, max_steps: 2, output_dir: folder });
  const second = await runHere({ ...keys, adapter_name_or_path: folder, max_train_samples: 16, max_steps: 2 });
  expect([...first.losses, ...second.losses]).toEqual(whole.losses);
  expect([...second.trained!]).toEqual([...whole.trained!]);
});

test("the adapter's labels stay the classes, whatever part of them the data has", async () => {
  const folder = temporary();
  const texts = ["B", "A", "C"].map((label) => ({ text: "State", label }));
  await runHere({ ...keys, max_steps: 1, output_dir: folder }, { rows: { train: texts } });
  const going = { ...keys, max_steps: 1, adapter_name_or_path: folder };
  expect((await runHere(going, { rows: { train: texts.slice(2) } })).labels).toEqual(["A", "B", "C"]);
  const others = ["X", "Y", "Z"].map((label) => ({ text: "State", label }));
  await expect(runHere(going, { rows: { train: others } })).rejects.toThrow(
    `the data has labels that the starting adapter does not have: X, Y, Z\n  at: ${folder}\n  expected: some of its 3: A, B, C\n  hint: to train`,
  );
  await expect(runHere(going, { rows: rowsOf() })).rejects.toThrow(
    "labels that the starting adapter does not have: confidentiality",
  );
});
