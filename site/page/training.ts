/** The run at hand: curve, progress, words. */
import { byId, el, setText, svg } from "./dom.ts";
import { type Run, type State, type Step, secondsLeft } from "./state.ts";
import { counted, duration, score } from "./words.ts";

/** The run in a sentence. */
export function progressText(run: Run | undefined): string {
  if (!run) return "Nothing has run yet.";
  const last = run.steps.at(-1);
  if (run.state === "preparing") return `${run.reading ?? "Reading the model and the documents"} …`;
  const at = last ? `Step ${last.step} of ${run.total}, loss ${score(last.loss)}` : "";
  switch (run.state) {
    case "running": {
      const left = secondsLeft(run);
      return `${at}${left === undefined ? "" : `, ${duration(left)} left`}`;
    }
    case "paused":
      return `${at}. Paused; this tab keeps everything.`;
    case "stopping":
      return `${at}. Stopping after this step …`;
    case "stopped":
      return `${at === "" ? "Stopped" : `${at}. Stopped`}. What has a checkpoint can be resumed above.`;
    case "scoring":
      return `${counted(run.total, "step")} done. Scoring the rows that were held back …`;
    case "done":
      return `${counted(run.total, "step")} done.`;
    default:
      return run.state satisfies never;
  }
}

/** Smoothing of the curve: weight of the mean before. */
const DECAY = 0.85;

/** Losses smoothed as Adam's moments are. */
export function smoothed(steps: readonly Step[]): Step[] {
  let [mean, weight] = [0, 0];
  return steps.map(({ step, loss }) => {
    mean = DECAY * mean + (1 - DECAY) * loss;
    weight = DECAY * weight + (1 - DECAY);
    return { step, loss: mean / weight };
  });
}

/** Most points that are drawn. */
const MOST_POINTS = 400;

/** Space for the axes' numbers. */
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 12, 10, 24];

/** Draws the losses for a width and a height in pixels. */
function drawCurve(steps: readonly Step[], total: number, width: number, height: number): SVGElement[] {
  const stride = Math.ceil(steps.length / MOST_POINTS);
  const kept = steps.filter((_, i) => i % stride === 0 || i === steps.length - 1);
  const top = Math.max(...kept.map(({ loss }) => loss), 0.01) * 1.05;
  const x = (step: number): number => LEFT + ((width - LEFT - RIGHT) * step) / Math.max(1, total);
  const y = (loss: number): number => height - BOTTOM - ((height - TOP - BOTTOM) * loss) / top;
  const path = (points: readonly Step[]): string =>
    points.map(({ step, loss }, i) => `${i === 0 ? "M" : "L"}${x(step).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
  const lines = [0, top / 2, top].flatMap((loss) => [
    svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(loss), y2: y(loss) }),
    svg("text", { x: LEFT - 8, y: y(loss) + 4, "text-anchor": "end" }, loss.toFixed(2)),
  ]);
  return [
    ...lines,
    svg("text", { x: LEFT, y: height - 6 }, "step 1"),
    svg("text", { x: width - RIGHT, y: height - 6, "text-anchor": "end" }, String(total)),
    svg("path", { class: "each", d: path(kept) }),
    svg("path", { class: "smooth", d: path(smoothed(kept)) }),
  ];
}

/** Shows the run. */
export function trainingView(state: State, before?: State): void {
  const { run, plan, busy, outcome } = state;
  const isRunning = busy === "train";
  byId<HTMLButtonElement>("train").disabled = busy !== undefined || !plan;
  byId("train").textContent = outcome || run ? "Train again" : "Train";
  byId<HTMLButtonElement>("pause").disabled = !isRunning || (run?.state !== "running" && run?.state !== "paused");
  byId<HTMLButtonElement>("stop").disabled = !isRunning || run?.state === "stopping";
  setText("pause", run?.state === "paused" ? "Go on" : "Pause");
  if (run === before?.run) return;
  setText("progress-text", progressText(run));
  if (run?.state !== before?.run?.state) setText("announcement", progressText(run));
  byId<HTMLProgressElement>("progress").value = run && run.total > 0 ? (run.steps.at(-1)?.step ?? 0) / run.total : 0;
  if (run?.warnings !== before?.run?.warnings)
    byId("warnings").replaceChildren(...(run?.warnings ?? []).map((warning) => el("li", {}, warning)));
  showCurve(run);
}

/** Shows the losses, as wide as there is room. */
export function showCurve(run: Run | undefined): void {
  const figure = byId("curve");
  const { clientWidth: width, clientHeight: height } = figure;
  if (!run || run.steps.length === 0) figure.replaceChildren();
  else
    figure.replaceChildren(
      svg(
        "svg",
        { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": progressText(run) },
        ...drawCurve(run.steps, run.total, width, height),
      ),
    );
}
