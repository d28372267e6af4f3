/** Methods side by side. */
import { byId, el } from "./dom.ts";
import { methodName } from "./settings.ts";
import { type Compared, missing, type State } from "./state.ts";
import { bytes, count, duration, percent, score } from "./words.ts";

/** Bytes of a run: the heap that was measured, and what the package holds outside of it. */
export function memoryOf({ outcome }: Compared): number | undefined {
  if (!outcome) return undefined;
  const { weights, quantizedWeights, gradients, optimizer } = outcome.results.memoryBytes;
  return outcome.heapBytes + weights + quantizedWeights + gradients + optimizer;
}

const HEADS = ["Method", "Macro F1", "Trained parameters", "Memory", "Time", "File"] as const;

/** The table's row of a method. */
function rowOf(compared: Compared): HTMLElement {
  const { method, progress, outcome } = compared;
  const name = el("th", { scope: "row" }, methodName(method));
  if (!outcome) {
    const at = progress ? `step ${progress.step} of ${progress.total}` : "waiting";
    return el("tr", {}, name, el("td", { class: "quiet", colspan: String(HEADS.length - 1) }, at));
  }
  const { results, scores } = outcome;
  const f1 = Number(scores?.eval_macro_f1);
  const number = (...children: (Node | string)[]): HTMLElement => el("td", { class: "number" }, ...children);
  return el(
    "tr",
    {},
    name,
    number(el("meter", { min: "0", max: "1", value: String(f1), "aria-hidden": "true" }), score(f1)),
    number(count(results.trainableParameters), el("small", {}, percent(results.trainablePercent))),
    number(bytes(memoryOf(compared) as number)),
    number(duration(results.trainSeconds)),
    number(bytes(4 * (method === "full" ? results.totalParameters : results.trainableParameters))),
  );
}

/** Shows the comparison. */
export function compareView(state: State, before?: State): void {
  const { compared, busy } = state;
  const lacks = missing(state);
  byId<HTMLButtonElement>("compare").disabled = busy !== undefined || lacks !== undefined;
  byId<HTMLButtonElement>("compare-stop").disabled = busy !== "compare";
  if (compared === before?.compared) return;
  const head = HEADS.map((name, i) => el("th", { scope: "col", class: i === 0 ? "" : "number" }, name));
  byId("compared").replaceChildren(
    ...(compared ? [el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...compared.map(rowOf))] : []),
  );
}
