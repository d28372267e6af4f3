import { PROGRAM } from "../../program.ts";
import type { DemoPrediction, DemoRow } from "../library/index.ts";
import type { CliCommand } from "../shared/command.ts";
import { addRecipeFlags } from "../shared/options.ts";
import type { Output } from "../shared/output.ts";
import { createProgress } from "../shared/progress.ts";
import { comparisonTable } from "./compare.ts";

const ABOUT = `Which kind of provision is this? A small encoder of legal text learns to classify the provisions of licences that come
with this package. It is trained in several ways, each in its own process. Nothing is downloaded.
`;

/** Sentence about the methods that a demo trains. */
const aboutMethods = (quick: boolean): string =>
  quick
    ? "Three methods, one epoch: every weight (full), LoRA (lora), and LoRA on an 8-bit base (qlora).\n"
    : `Five methods: every weight at once (full), layer by layer from the top (gradual), LoRA (lora), LoRA on an 8-bit base
(qlora), and Houlsby adapters (adapter).\n`;

const FORGETTING =
  "forgetting: increase of the masked language modelling loss, in nats, on licences the encoder has never seen";

/** `lowrank demo [--quick]` */
export const demo: CliCommand = {
  examples: [`${PROGRAM} demo`, `${PROGRAM} demo --quick`],
  define(command) {
    command.option("--quick", "fewer methods and epochs, for a first impression in under a minute");
    addRecipeFlags(command, ["output_dir", "seed"]);
  },
  async run({ options, overrides, output, interruptible }) {
    const { demo, scoresOfRow, snakeCaseKeys, toLogRecord } = await import("../library/index.ts");
    const quick = options.quick === true;
    output.note(`${ABOUT}${aboutMethods(quick)}`);
    const progress = createProgress(output);
    try {
      const run = { overrides, quick, signal: interruptible() };
      for await (const event of demo(run)) {
        if (event.kind === "run") {
          output.record({ ...toLogRecord(event.event), method: event.method, seed: event.seed });
          await progress.show(event.event);
        } else if (event.kind === "row") output.record({ event: "row", ...snakeCaseKeys(event.row) });
        else {
          const { rows, files, baseLoss, predictions, adapter } = event;
          const forgetting = rows.map(({ row, ...lost }) => ({ method: row.method, ...lost }));
          output.record({ event: "done", files, adapter, base_masked_loss: baseLoss, forgetting, predictions });
          const bold = (title: string): string => output.style("bold", title);
          output.result(`\n${comparisonTable(rows.map(({ row }) => row), scoresOfRow, output, { forgetting: rows.map(forgotten) })}\n`); // biome-ignore format: one step
          output.result(
            `${FORGETTING}\n(${baseLoss.toFixed(2)} before training). off: the same with the adapter disabled; for QLoRA a small difference\nremains, because the base is quantized.\n`,
          );
          output.result(`${bold("Predictions of the LoRA adapter on unseen provisions")}\n${predictions.map(predictionText).join("\n")}\n`); // biome-ignore format: one step
          output.result(next(adapter, files, output));
        }
      }
    } finally {
      progress.close();
    }
  },
};

/** Adapters stand beside weights that are as they were: with `off`, what is left of it once they are off. */
const forgotten = ({ forgetting, off }: DemoRow): string =>
  off === undefined ? change(forgetting) : `${change(forgetting)} (off: ${off === 0 ? "0" : change(off)})`;

const change = (nats: number): string => `${nats < 0 ? "−" : "+"}${Math.abs(nats).toFixed(2)}`;

function predictionText({ prediction, label, where }: DemoPrediction): string {
  if (!("score" in prediction)) return "";
  const predicted = `${prediction.label} (${Math.round(100 * prediction.score)} %)`;
  const truth = prediction.label === label ? "correct" : `the heading is ${label}`;
  return `  “${prediction.text.replace(/\s+/g, " ")}”\n  ${predicted}, ${truth}: ${where}\n`;
}

function next(adapter: string, files: readonly string[], output: Output): string {
  const drawing = files.find((file) => file.endsWith(".svg"));
  return `${output.style("bold", "Next steps")}
  ${drawing} plots F1 against memory and trained parameters.
  ${PROGRAM} predict --adapter_name_or_path ${adapter} "The licensor accepts no liability for lost profits."
  ${PROGRAM} init                     writes a recipe for your own texts and labels`;
}
