import type { MultiBar, SingleBar } from "cli-progress";
import type { EvalResults, RunHeader, StepEvent, TokenizeEvent, TrainEvent } from "../library/index.ts";
import { barStyle } from "./bar-style.ts";
import { bytes, count, counted, duration, figure, percent, splitSizes } from "./format.ts";
import type { Output } from "./output.ts";
import { factTable } from "./table.ts";
import { wrapped } from "./wrap.ts";

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
      output.note(output.styleNote("dim", `tokenizing ${counted(total, "row")}`));
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
        case "early_stop":
          return say(output.styleNote("bold", event.message));
        case "warning":
          return (bar?.above ?? output.alert)(output.styleNote("yellow", `warning: ${event.message}`));
        case "done": {
          close();
          const { trainSeconds, steps, tokensPerSecond, peakRssBytes, plannedPeakRssBytes: planned } = event.results;
          const facts = [
            counted(steps, "step"),
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
    ...(run.deviceReason !== undefined && { device: run.deviceReason }),
    trainable: `${count(run.trainableParameters)} of ${count(run.totalParameters)} parameters (${share})`,
    ...(run.heldBack && { split: splitSizes(run.heldBack) }),
    data: `${counted(run.examples, "example")}, ${epochsOf(run)}`,
    steps: `${count(run.steps)}, ${batchOf(run)}`,
    output: run.outputDir,
  })}`;
}

function epochsOf({ epochs }: RunHeader): string {
  const rounded = Number(epochs.toFixed(2));
  return `${rounded} epoch${rounded === 1 ? "" : "s"}`;
}

function batchOf({ batchSize, steps }: RunHeader): string {
  const rounded = Number(batchSize.toFixed(1));
  return `${rounded.toLocaleString("en-US")} example${rounded === 1 ? "" : "s"}${steps === 1 ? "" : " each"}`;
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
  let [first, started] = [0, 0];
  return ({ step, steps, epoch, loss, tokensPerSecond }) => {
    if (step === 1 || started === 0) [first, started] = [step, performance.now()];
    const every = Math.ceil(steps / PLAIN_LINES);
    if (step !== first && step !== steps && step % every !== 0) return;
    const seconds = (performance.now() - started) / 1000;
    const eta = step > first && step < steps ? `  ETA ${duration((seconds / (step - first)) * (steps - step))}` : "";
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
    format: "{bar} {value}/{total}  loss {loss}  {speed} tokens/s  ETA {left}",
  });
  const bar: SingleBar = bars.create(steps, 0, { loss: "…", speed: "…", left: "…" });
  let [first, started] = [0, 0];
  return {
    update({ step, loss, tokensPerSecond }) {
      if (started === 0) [first, started] = [step, performance.now()];
      const perStep = (performance.now() - started) / 1000 / Math.max(1, step - first);
      const left = step > first ? duration(Math.round(perStep * (steps - step))) : "…";
      bar.update(step, { loss: figure(loss), speed: count(tokensPerSecond), left }); // {eta} is the library's own
    },
    above(text) {
      bars.log(`${wrapped(text, output.columns)}\n`);
      bars.update();
    },
    stop: () => bars.stop(),
  };
}
