import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Tensor } from "../../src/ir/types.ts";
import type { Architecture } from "../../src/models/parts/architecture.ts";
import type { TaskType } from "../../src/task-types/index.ts";
import { collate, isLanguage, type Rows } from "./rows.ts";
import { addTraining, expectClose, runOnEngine, shapesIn, shapesOf, weightsOf } from "./running.ts";

type Nested = number | readonly Nested[];

/** A `test/parity/fixtures/<name>/expected.json`, as far as it is read here: the first of its training steps. */
interface Expected {
  readonly labels: readonly string[];
  readonly pad_token_id: number;
  readonly train: Rows;
  readonly methods: { readonly full: FirstStep };
}

interface FirstStep {
  readonly initial_logits?: readonly Nested[];
  readonly initial_log_probs?: readonly Nested[];
  readonly losses: readonly number[];
  readonly grad_norms: readonly number[];
}

/** `variants.json`: by name, what config.json says instead, and what the same weights then say of the first rows. */
type Variants = Readonly<Record<string, { readonly config: object; readonly log_probs: readonly Nested[] }>>;

/** What transformers gets of the checkpoint `test/parity/fixtures/<name>`, the architecture gets too. */
export function checkFixture(architecture: Architecture, name: string): void {
  const folder = `test/parity/fixtures/${name}`;
  const task = taskOf(name);
  const read = <T>(file: string): T => JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as T;

  test(`${name}: logits, loss and gradient norm are those of transformers`, async () => {
    const expected = read<Expected>("expected.json");
    const checkpoint = await readCheckpoint(folder);
    const graph = architecture.build(checkpoint.config, task, expected.labels.length);
    expect(shapesOf(graph)).toEqual(shapesIn(checkpoint));

    const rows = firstRows(expected, 8);
    const feeds = { ...collate(task, rows, expected.pad_token_id), ...(await weightsOf(graph, checkpoint)) };
    const { losses, grad_norms, ...outputs } = expected.methods.full;
    const wanted = flat(outputs.initial_log_probs ?? outputs.initial_logits ?? []);
    const shown = (logits: Tensor): number[] => outputsOf(task, logits, rows);
    const [logits] = evaluate(graph, [graph.outputs.get("logits")!], feeds);
    expectClose(shown(logits!), wanted, "logits of the evaluator", 1e-5);

    addTraining(graph);
    const results = await runOnEngine(graph, feeds);
    expectClose(shown(results.logits!), wanted, "logits of the engine", 1e-5);
    const count = rows.labels.flat().filter((label) => label !== -100).length;
    expectClose([results.loss!.data[0]! / count], [losses[0]!], "loss", 1e-5);
    const squares = graph.params.map(({ origin: { name } }) => results[name]!.data.reduce((sum, x) => sum + x * x, 0));
    expectClose([Math.sqrt(squares.reduce((a, b) => a + b)) / count], [grad_norms[0]!], "gradient norm", 1e-5);
  });

  const variants = existsSync(`${folder}/variants.json`) ? read<Variants>("variants.json") : {};
  test.each(Object.entries(variants))(`${name}, %s: logits are those of transformers`, async (_, variant) => {
    const expected = read<Expected>("expected.json");
    const checkpoint = await readCheckpoint(folder);
    const graph = architecture.build({ ...checkpoint.config, ...variant.config }, task, 0);
    const rows = firstRows(expected, 4);
    const feeds = { ...collate(task, rows, expected.pad_token_id), ...(await weightsOf(graph, checkpoint)) };
    const [logits] = evaluate(graph, [graph.outputs.get("logits")!], feeds);
    expectClose(outputsOf(task, logits!, rows), flat(variant.log_probs), "log-probabilities", 1e-5);
  });
}

function taskOf(name: string): TaskType {
  if (name.startsWith("causal/")) return "CAUSAL_LM";
  if (name.startsWith("masked/")) return "MASKED_LM";
  return name.endsWith("-tokens") ? "TOKEN_CLS" : "SEQ_CLS";
}

const firstRows = ({ train: { ids, labels } }: Expected, count: number): Rows => ({
  ids: ids.slice(0, count),
  labels: labels.slice(0, count),
});

const flat = (value: Nested): number[] => (typeof value === "number" ? [value] : value.flatMap(flat));

/** What the fixtures hold of a task's logits: of real tokens those, of language models their labels' log-probabilities. */
function outputsOf(task: TaskType, { data, shape }: Tensor, { ids, labels }: Rows): number[] {
  const width = shape[1]!;
  if (task === "SEQ_CLS") return [...data];
  if (!isLanguage(task)) {
    const seq = shape[0]! / ids.length;
    return ids.flatMap((row, i) => [...data.subarray(i * seq * width, (i * seq + row.length) * width)]);
  }
  const asked = labels.flat().filter((label) => label !== -100);
  return asked.map((label, i) => {
    const row = data.subarray(i * width, (i + 1) * width);
    const top = Math.max(...row);
    return row[label]! - top - Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0));
  });
}
