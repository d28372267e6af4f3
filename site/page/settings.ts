/** Method and settings. */

import { chooseMethod, fill } from "./acts.ts";
import { byId, el, setText } from "./dom.ts";
import type { State } from "./state.ts";

/** The recipe's keys that have fields, with their names for people. */
const FIELDS = [
  ["num_train_epochs", "Epochs"],
  ["learning_rate", "Learning rate"],
  ["lora_r", "Rank"],
  ["max_length", "Longest text (tokens)"],
  ["validation_split_percentage", "Rows held back (%)"],
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

/** Draws the methods and the fields, once the worker has told the methods. */
function drawSettings({ engine, method }: State): void {
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
      {},
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

/** Shows the model, and which settings apply and what they are where nothing is filled in. */
export function settingsView(state: State, before?: State): void {
  const { engine, usual, method, documents, model, busy } = state;
  for (const [id, kind] of [
    ["model-embedded", "embedded"],
    ["model-choose", "folder"],
  ] as const) {
    const button = byId<HTMLButtonElement>(id);
    button.disabled = busy !== undefined;
    button.setAttribute("aria-pressed", String(model?.kind === kind));
  }
  if (model !== before?.model) setText("model-name", modelText(state));
  if (!engine) return;
  if (engine !== before?.engine) drawSettings(state);
  else if (usual === before?.usual && method === before.method && documents === before.documents) return;
  for (const [key] of FIELDS) {
    const input = byId<HTMLInputElement>(`field-${key}`);
    const value = usual[key];
    input.placeholder = value === undefined ? "" : String(value);
    const applies =
      (key !== "lora_r" || RANKED.includes(method)) &&
      (key !== "validation_split_percentage" || !documents || documents.splits.length === 1);
    (input.parentElement as HTMLElement).hidden = !applies;
  }
}

/** The model in a sentence. */
export function modelText({ model }: Pick<State, "model">): string {
  if (!model) return "No model is taken yet.";
  return model.kind === "folder"
    ? `${model.name}, from your folder.`
    : "The encoder of legal text that comes with the page: 5 million parameters, 10 MB.";
}
