/**
 * A model that stays in memory: trained on rows, scored, asked, kept as bytes, and served from them.
 *
 *   npx tsx examples/in-memory.ts [MODEL] [OUTPUT]
 *
 * The guide docs/guides/in-memory.md goes through it. MODEL is a folder or a Hub id; without it a tiny model is taken.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Classifier, evaluate, InterruptedError, loadModel, lora, type ModelFiles, predict, train } from "lowrank";

const [
  name = join(import.meta.dirname, "../test/parity/fixtures/bert"),
  output = await mkdtemp(join(tmpdir(), "in-memory-")),
] = process.argv.slice(2);

const rows = [
  { text: "This agreement is governed by the laws of New York.", label: "law" },
  { text: "The courts of Delaware have exclusive jurisdiction.", label: "law" },
  { text: "The customer shall pay each invoice within thirty days.", label: "payment" },
  { text: "Late amounts bear interest at one percent per month.", label: "payment" },
];
const heldOut = [
  { text: "English law applies to this agreement.", label: "law" },
  { text: "All fees are payable in US dollars.", label: "payment" },
];

// load
const base = await loadModel(name);
const model = base.with(lora({ r: 4, targetModules: "all-linear" }));

// train
const enough = new AbortController();
const options = {
  data: rows,
  numTrainEpochs: 1000,
  learningRate: 3e-3,
  evalStrategy: "no",
  signal: enough.signal,
} as const;
try {
  for await (const event of train(model, options)) {
    if (event.kind === "step" && event.loss < 0.1) enough.abort();
  }
} catch (error) {
  if (!(error instanceof InterruptedError)) throw error; // what was trained by then is kept
}

// evaluate
const scores = await evaluate(model, {
  data: heldOut,
  computeMetrics: ({ predictions, labels }) => ({
    errors: labels.filter((label, row) => predictions[row] !== label).length,
  }),
});
console.log(`accuracy ${scores.eval_accuracy}, ${scores.eval_errors} errors`);

// epochs
for (let epoch = 0; epoch < 2; epoch++) {
  for await (const _ of train(model, {
    data: rows,
    numTrainEpochs: 1,
    lrSchedulerType: "constant",
    evalStrategy: "no",
  }));
  const { eval_loss } = await evaluate(model, { data: heldOut });
  if (eval_loss < 0.01) break;
}

// predict
for await (const prediction of predict({ model, texts: ["Invoices are due within sixty days."] })) {
  if ("score" in prediction) console.log(prediction.label, prediction.score);
}

// keep
await model.save(output);
const files = await model.toFiles();

// store
const store = new Map<string, ModelFiles>([["contracts", files]]); // a database, an object store …

// serve
const classifier = await Classifier.open({ adapter: store.get("contracts")!, model: base });
const served = await classifier.predict("Invoices are due within sixty days.");
if ("score" in served) console.log(`served from bytes: ${served.label}`);
await classifier.close();
