import type { MultiBar, SingleBar } from "cli-progress";
import type { EvalResults, RunHeader, StepEvent, TokenizeEvent, TrainEvent } from "../library/index.ts";
import { barStyle } from "./bar-style.ts";
import { bytes, count, duration, figure, percent } from "./format.ts";
import type { Output } from "./output.ts";
import { factTable } from "./table.ts";

/** Lines printed for the steps of one run where there is no terminal to draw on. */
const PLAIN_LINES = 20;

/** Shows a run as it happens, on stderr. */
export interface Progress {
  show(event: TrainEvent): Promise<void>;
  /** Takes the bar off the screen; harmless when there is none. */
  close(): void;
}

/** A bar on a terminal, else a line now and then; of either only warnings with `--quiet`. */
export function createProgress(output: Output): Progress {
  let bar: StepBar | undefined;
  const say = (text: string) => (bar ? bar.above(text) : output.note(text));
  let rowBar: RowBar | undefined;
  const close = () => {
    bar?.stop();
    rowBar?.stop();
    [bar, rowBar] = [undefined, undefined];
  };
  const tokenize = async ({ rows, total }: TokenizeEvent) => {
    if (bar) return; // what is tokenised after the last step stands under the bar of the steps
    if (rowBar?.total !== total) {
      close();
      output.note(output.styleNote("dim", `tokenizing ${count(total)} rows`));
      rowBar = await openRowBar(total, output);
    }
    rowBar.update(rows);
  };
  const step = plainSteps(output);

  return {
    close,
    async show(event) {
      switch (event.kind) {
        case "tokenize":
          return tokenize(event);
        case "start":
          close();
          output.note(header(event.header, output));
          if (output.stderr.isTTY && !output.quiet) bar = await openBar(event.header.steps, output);
          return;
        case "step":
          return bar ? bar.update(event) : step(event);
        case "eval":
          return say(`${output.styleNote("bold", `eval at step ${event.step}`)}  ${scores(event.metrics)}`);
        case "save":
          return say(output.styleNote("dim", `saved ${event.path}`));
        case "warning":
          return (bar?.above ?? output.alert)(output.styleNote("yellow", `warning: ${event.message}`));
        case "done": {
          close();
          const { trainSeconds, steps, tokensPerSecond, peakRssBytes, plannedPeakRssBytes: planned } = event.results;
          const facts = [
            `${count(steps)} steps`,
            `${count(tokensPerSecond)} tokens/s`,
            `peak memory ${bytes(peakRssBytes)}${planned === undefined ? "" : ` (planned ${bytes(planned)})`}`,
          ];
          return output.note(
            `${output.styleNote(["bold", "green"], `done in ${duration(trainSeconds)}`)}  ${facts.join(", ")}`,
          );
        }
        default:
          event satisfies never;
      }
    },
  };
}

/** The run at a glance, before its first step. */
function header(run: RunHeader, output: Output): string {
  const share = percent((100 * run.trainableParameters) / run.totalParameters);
  const title = output.styleNote("bold", `${run.method} on ${run.model}`);
  return `${title} ${output.styleNote("dim", `(${run.taskType}, ${run.device})`)}\n${factTable({
    trainable: `${count(run.trainableParameters)} of ${count(run.totalParameters)} parameters (${share})`,
    data: `${count(run.examples)} examples, ${Number(run.epochs.toFixed(2))} epochs`,
    steps: `${count(run.steps)}, ${Number(run.batchSize.toFixed(1)).toLocaleString("en-US")} examples each`,
    output: run.outputDir,
  })}`;
}

/** The figures of an evaluation in one line: `loss 0.3102, accuracy 0.9120`. */
export function scores(metrics: EvalResults): string {
  return Object.entries(metrics)
    .filter(([name, value]) => typeof value === "number" && name !== "eval_samples")
    .map(([name, value]) => `${name.replace(/^eval_/, "")} ${figure(value as number)}`)
    .join(", ");
}

/** Prints the first step, the last and some between. */
function plainSteps(output: Output): (event: StepEvent) => void {
  let started = 0;
  return ({ step, steps, epoch, loss, tokensPerSecond }) => {
    if (step === 1 || started === 0) started = performance.now();
    const every = Math.ceil(steps / PLAIN_LINES);
    if (step !== 1 && step !== steps && step % every !== 0) return;
    const seconds = (performance.now() - started) / 1000;
    const eta = step > 1 && step < steps ? `  ETA ${duration((seconds / (step - 1)) * (steps - step))}` : "";
    const at = `step ${String(step).padStart(String(steps).length)}/${steps}`;
    output.note(`${at}  epoch ${epoch.toFixed(2)}  loss ${figure(loss)}  ${count(tokensPerSecond)} tokens/s${eta}`);
  };
}

interface RowBar {
  readonly total: number;
  update(rows: number): void;
  stop(): void;
}

/** A bar of the rows that are tokenised; nothing where there is no terminal to draw on. */
async function openRowBar(total: number, output: Output): Promise<RowBar> {
  if (!output.stderr.isTTY || output.quiet) return { total, update: () => undefined, stop: () => undefined };
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    ...barStyle(output),
    format: "{bar} {value}/{total} rows  ETA {eta_formatted}",
  });
  bar.start(total, 0);
  return { total, update: (rows) => bar.update(rows), stop: () => bar.stop() };
}

interface StepBar {
  update(event: StepEvent): void;
  above(text: string): void;
  stop(): void;
}

async function openBar(steps: number, output: Output): Promise<StepBar> {
  const { default: progress } = await import("cli-progress");
  const bars: MultiBar = new progress.MultiBar({
    ...barStyle(output),
    format: "{bar} {value}/{total}  loss {loss}  {speed} tokens/s  ETA {eta_formatted}",
  });
  const bar: SingleBar = bars.create(steps, 0, { loss: "…", speed: "…" });
  return {
    update: ({ step, loss, tokensPerSecond }) =>
      bar.update(step, { loss: figure(loss), speed: count(tokensPerSecond) }),
    above(text) {
      bars.log(`${text}\n`);
      bars.update();
    },
    stop: () => bars.stop(),
  };
}
