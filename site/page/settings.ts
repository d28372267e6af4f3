/** Method and settings. */
import { byId, el, setText } from "./dom.ts";
import { missing, type State } from "./state.ts";
import { bytes, count, counted, duration, percent } from "./words.ts";

/** The recipe's keys that have fields, with their names for people. */
const FIELDS = [
  ["num_train_epochs", "Epochs"],
  ["learning_rate", "Learning rate"],
  ["lora_r", "Rank"],
  ["max_length", "Longest text, in tokens"],
  ["validation_split_percentage", "Rows held back, in %"],
] as const;

/** Methods whose update has a rank. */
const RANKED = ["lora", "qlora"];

/** Names of methods for people; one that is not here goes by its own. */
const NAMES: Readonly<Record<string, string>> = {
  full: "Full fine-tuning",
  lora: "LoRA",
  qlora: "QLoRA",
  adapter: "Houlsby adapters",
  head: "Head only",
  ia3: "IA³",
  ln_tuning: "LN tuning",
};

/** Name of a method. */
export const methodName = (method: string): string => NAMES[method] ?? method;

/** Draws the methods and the fields once. */
export function drawSettings(
  { engine, method }: State,
  chooseMethod: (method: string) => void,
  fill: (key: string, text: string) => void,
): void {
  const methods = (engine?.methods ?? []).map(({ name, about }) =>
    el(
      "label",
      { class: "choice" },
      el("input", {
        type: "radio",
        name: "method",
        value: name,
        checked: name === method,
        change: () => chooseMethod(name),
      }),
      el("span", {}, methodName(name), el("small", {}, about)),
    ),
  );
  byId("methods").replaceChildren(...methods);
  const fields = FIELDS.map(([key, name]) =>
    el(
      "label",
      { "data-key": key },
      name,
      el("input", {
        type: "text",
        inputmode: "decimal",
        id: `field-${key}`,
        autocomplete: "off",
        input: ({ target }) => fill(key, (target as HTMLInputElement).value),
      }),
    ),
  );
  byId("settings").replaceChildren(...fields);
}

/** Shows which settings apply, and what they are where nothing is filled in. */
export function settingsView({ usual, method, documents, model, busy }: State, before?: State): void {
  byId<HTMLButtonElement>("model-choose").disabled = busy !== undefined;
  if (usual === before?.usual && method === before.method && documents === before.documents && model === before.model)
    return;
  for (const [key] of FIELDS) {
    const input = byId<HTMLInputElement>(`field-${key}`);
    const value = usual[key];
    input.placeholder = value === undefined ? "" : String(value);
    const applies =
      (key !== "lora_r" || RANKED.includes(method)) &&
      (key !== "validation_split_percentage" || !documents || documents.splits.length === 1);
    (input.parentElement as HTMLElement).hidden = !applies;
  }
  if (model?.kind === "folder") setText("model-name", model.name);
}

/** Shows the plan. */
export function planView(state: State, before?: State): void {
  const { plan, planning, busy } = state;
  const lacks = missing(state);
  byId<HTMLButtonElement>("plan-run").disabled = busy !== undefined || lacks !== undefined;
  setText("plan-status", planning ?? (plan ? "" : (lacks ?? "")));
  if (plan === before?.plan) return;
  const terms: (readonly [string, string, string?])[] = plan
    ? [
        [
          "Training time",
          plan.trainSeconds === undefined ? "does not fit" : `about ${duration(plan.trainSeconds)}`,
          counted(plan.steps, "step"),
        ],
        [
          "Memory",
          bytes(plan.peakRssBytes),
          plan.trainSeconds === undefined ? "more than a tab can have" : "at most, predicted",
        ],
        [
          "Trained parameters",
          count(plan.trainableParameters),
          `${percent(plan.trainablePercent)} of ${count(plan.totalParameters)}`,
        ],
        [
          "Rows",
          count(plan.examples),
          plan.heldBack ? `and ${count(plan.heldBack.validationRows)} held back for scores` : "to train on",
        ],
        ["File of the result", bytes(plan.savedBytes)],
      ]
    : [];
  byId("plan-facts").replaceChildren(
    ...terms.map(([term, value, note]) =>
      el("div", {}, el("dt", {}, term), el("dd", {}, value, el("small", {}, note ?? ""))),
    ),
  );
}
