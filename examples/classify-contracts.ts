/**
 * Fine-tunes a text classifier on rows in memory, saves the adapter and asks it about new texts.
 *
 *   npx tsx examples/classify-contracts.ts [MODEL] [OUTPUT]
 *
 * MODEL is a folder or a Hub id. Without it a tiny model is taken, which shows how things go
 * together in a second but is too small to learn much.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, lora, predict, train } from "lowrank";

const [
  name = join(import.meta.dirname, "../test/parity/fixtures/bert"),
  output = await mkdtemp(join(tmpdir(), "contracts-")),
] = process.argv.slice(2);

const clauses = {
  "governing law": [
    "This agreement is governed by the laws of the State of New York.",
    "The courts of Delaware have exclusive jurisdiction over any dispute.",
    "English law applies to this agreement, without regard to conflict of laws.",
  ],
  termination: [
    "Either party may terminate this agreement on thirty days notice.",
    "This agreement ends at once if the other party becomes insolvent.",
    "The term expires five years after the effective date unless renewed.",
  ],
  payment: [
    "The customer shall pay each invoice within thirty days of receipt.",
    "Late amounts bear interest at one percent per month.",
    "All fees are payable in US dollars and are not refundable.",
  ],
  liability: [
    "Neither party is liable for indirect or consequential damages.",
    "Total liability is limited to the fees paid in the last twelve months.",
    "The supplier shall indemnify the customer against claims of third parties.",
  ],
};
const data = Object.entries(clauses).flatMap(([label, texts]) => texts.map((text) => ({ text, label })));

const base = await loadModel(name);
const model = base.with(lora({ r: 4, loraAlpha: 8, targetModules: "all-linear", loraDropout: 0.05 }));
console.log(model.summary());

for await (const event of train(model, { data, numTrainEpochs: 20, perDeviceTrainBatchSize: 4, learningRate: 3e-3 })) {
  if (event.kind === "step" && event.step % 15 === 0) console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`);
  if (event.kind === "warning") console.warn(event.message);
}

await model.save(output);
console.log(`saved to ${output}`);

const texts = ["The laws of California govern this agreement.", "Invoices are due within sixty days."];
for await (const { text, ...said } of predict({ adapter: output, texts })) {
  if ("score" in said) console.log(`${(100 * said.score).toFixed(0)} % ${said.label}: ${text}`);
}
