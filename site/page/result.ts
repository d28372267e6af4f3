/** The finished run: scores, pictures, sentences. */
import type { EvalResults, Prediction } from "lowrank";
import type { Outcome, Tried } from "../protocol.ts";
import { byId, el, facts } from "./dom.ts";
import { methodName } from "./settings.ts";
import type { State } from "./state.ts";
import { bytes, count, duration, percent, score } from "./words.ts";

/** Scores and costs of a run, as terms and values. */
export function scoreFacts({ scores, results, choice, heapBytes }: Outcome): (readonly [string, string, string?])[] {
  const figure = (name: string): string | undefined => {
    const value = scores?.[name];
    return typeof value === "number" ? score(value) : undefined;
  };
  const rows = scores ? `on ${count(scores.eval_samples)} rows` : "";
  const measured = [
    ["Macro F1", figure("eval_macro_f1"), rows],
    ["Micro F1", figure("eval_micro_f1"), rows],
    ["Pearson", figure("eval_pearson"), rows],
    ["Spearman", figure("eval_spearman"), rows],
    ["Loss", figure("eval_loss"), rows],
  ].filter((each): each is [string, string, string] => each[1] !== undefined);
  return [
    ...measured,
    ["Time", duration(results.trainSeconds), methodName(choice.method)],
    ["Trained", count(results.trainableParameters), `${percent(results.trainablePercent)} of the parameters`],
    ["WebAssembly heap", bytes(heapBytes), "at its largest, measured"],
  ];
}

/** Rows of the table of labels. */
function classRows(scores: EvalResults): HTMLElement[] {
  const perClass = scores.eval_per_class;
  if (typeof perClass !== "object") return [];
  const number = (text: string): HTMLElement => el("td", { class: "number" }, text);
  const names = ["Precision", "Recall", "F1", "Rows"];
  const head = el(
    "tr",
    {},
    el("th", { scope: "col" }, "Label"),
    ...names.map((name) => el("th", { scope: "col", class: "number" }, name)),
  );
  const rows = Object.entries(perClass).map(([label, { precision, recall, f1, support }]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, label),
      number(score(precision)),
      number(score(recall)),
      number(score(f1)),
      number(count(support)),
    ),
  );
  return [el("thead", {}, head), el("tbody", {}, ...rows)];
}

/** Pictures that are shown, with their descriptions. */
const PICTURES: Readonly<Record<string, string>> = {
  "confusion.svg": "Confusion matrix: rows are true labels, columns predicted ones",
};

let urls: string[] = [];

function pictures({ pictures }: Outcome): HTMLElement[] {
  for (const url of urls) URL.revokeObjectURL(url);
  const shown = pictures.filter(({ name }) => name in PICTURES);
  urls = shown.map(({ svg }) => URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" })));
  return shown.map(({ name, svg }, i) => {
    const [, width = "", height = ""] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
    return el("img", { src: urls[i] as string, alt: PICTURES[name] as string, width, height });
  });
}

/** A prediction in a few words. */
export function predictionText(prediction: Prediction): string {
  if ("score" in prediction) return `${prediction.label} ${score(prediction.score)}`;
  if ("value" in prediction) return score(prediction.value);
  if ("labels" in prediction)
    return prediction.labels.map((one) => `${one.label} ${score(one.score)}`).join(", ") || "no label";
  return "error" in prediction ? prediction.error : "";
}

function triedRows(tried: readonly Tried[]): HTMLElement[] {
  const head = ["Sentence", "Before training", "After training"].map((name) => el("th", { scope: "col" }, name));
  const rows = tried.map(({ before, after }) =>
    el(
      "tr",
      {},
      el("td", {}, el("div", { class: "clip" }, after.text)),
      el("td", {}, predictionText(before)),
      el("td", {}, predictionText(after)),
    ),
  );
  return [el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)];
}

/** Shows the result. */
export function resultView({ outcome, tried, busy }: State, before?: State): void {
  for (const id of ["get-adapter", "get-recipe", "get-onnx", "try"])
    byId<HTMLButtonElement>(id).disabled = busy !== undefined || !outcome;
  if (tried !== before?.tried) byId("tried").replaceChildren(...(tried ? triedRows(tried) : []));
  if (outcome === before?.outcome) return;
  byId("result").hidden = !outcome;
  byId("no-result").hidden = outcome !== undefined;
  if (!outcome) return;
  byId("scores").replaceChildren(...facts(scoreFacts(outcome)));
  byId("classes").replaceChildren(...(outcome.scores ? classRows(outcome.scores) : []));
  byId("pictures").replaceChildren(...pictures(outcome));
}
