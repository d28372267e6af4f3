import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { givenKeys } from "../../src/recipe/given.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { runJob } from "../../src/trainer/loop/run.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");

/** What Python found when it trained the same files; see README.md. */
interface Method {
  readonly adapter: string | null;
  readonly learning_rate: number;
  readonly trainable_parameters: number;
  readonly losses: readonly number[];
  readonly grad_norms: readonly number[];
  readonly eval_loss: number;
}

/** How each method of the fixtures is said in a recipe; what a starting adapter decides is left out. */
const METHODS: Readonly<Record<string, Record<string, unknown>>> = {
  full: { method: "full" },
  lora: { method: "lora" },
  "all-linear-rslora": { method: "lora" },
  dora: { method: "lora" },
  "lora-bias-all": { method: "lora" },
  "lora-bias-only": { method: "lora" },
  patterns: { method: "lora" },
  "qlora-nf4": { method: "qlora", use_bnb_nested_quant: false },
  "qlora-nf4-double": { method: "qlora" },
  "qlora-fp4": { method: "qlora", bnb_4bit_quant_type: "fp4", use_bnb_nested_quant: false },
  "qlora-int8": { method: "qlora", load_in_8bit: true },
  houlsby: { method: "adapter" },
};

async function train(folder: string, { adapter, learning_rate }: Method, keys: Record<string, unknown>) {
  const tokens = folder.endsWith("-tokens");
  const data = `${FIXTURES}/data/${"{split}"}${tokens ? "-tokens" : ""}.jsonl`;
  const rows = (split: string): Record<string, unknown>[] =>
    readFileSync(data.replace("{split}", split), "utf8").trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: a chain
  const recipe = parseRecipe("", {
    overrides: {
      model_name_or_path: `${FIXTURES}/${folder}`,
      dataset_name: "given",
      task_type: tokens ? "TOKEN_CLS" : "SEQ_CLS",
      ...(tokens && { text_column: "tokens", label_column: "labels" }),
      ...(adapter && { adapter_name_or_path: `${FIXTURES}/${folder}/${adapter}` }),
      ...keys,
      learning_rate,
      warmup_steps: 0,
      max_steps: 6,
      per_device_train_batch_size: 8,
      shuffle_dataset: false,
      group_by_length: false,
    },
  });
  const found = { losses: [] as number[], norms: [] as number[], trainable: 0, evalLoss: 0 };
  const job = {
    recipe: resolveRecipe(recipe),
    givenKeys: givenKeys(recipe),
    rows: { train: rows("train"), test: rows("test") },
    write: false,
  };
  for await (const event of runJob(job, () => false)) {
    if (event.kind === "start") found.trainable = event.header.trainableParameters;
    if (event.kind === "eval") found.evalLoss = event.metrics.eval_loss;
    if (event.kind === "step") {
      found.losses.push(event.loss);
      found.norms.push(event.gradNorm);
    }
  }
  return found;
}

const cases = readdirSync(FIXTURES).flatMap((folder) =>
  readdirSync(join(FIXTURES, folder))
    .filter((file) => /^expected.*\.json$/.test(file))
    .flatMap((file) => {
      const { methods } = JSON.parse(readFileSync(join(FIXTURES, folder, file), "utf8")) as {
        methods: Record<string, Method>;
      };
      return Object.entries(methods).map(([name, method]) => [folder, name, method] as const);
    }),
);

describe("six steps as PEFT, bitsandbytes and adapter-hub take them", () => {
  test("every family and method has a case", () => expect(cases.length).toBeGreaterThan(70));

  test.each(cases)("%s, %s", async (folder, name, method) => {
    const keys = METHODS[name];
    expect(keys, `no recipe for ${name}`).toBeDefined();
    const { losses, norms, trainable, evalLoss } = await train(folder, method, keys!);
    expect(trainable).toBe(method.trainable_parameters);
    expect(losses.length).toBe(method.losses.length);
    const tolerance = name.startsWith("qlora-") && name !== "qlora-int8" ? 1e-3 : 1e-4;
    losses.forEach((loss, i) => {
      expect(Math.abs(loss - method.losses[i]!), `loss of step ${i + 1}: ${loss}`).toBeLessThan(tolerance);
    });
    norms.forEach((norm, i) => {
      expect(Math.abs(norm / method.grad_norms[i]! - 1), `norm of step ${i + 1}: ${norm}`).toBeLessThan(1e-3);
    });
    expect(Math.abs(evalLoss - method.eval_loss), `eval_loss ${evalLoss}`).toBeLessThan(tolerance);
  });
});
