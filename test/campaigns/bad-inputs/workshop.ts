import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Path of a stored fixture. */
export const fixture = (path: string): string => join(import.meta.dirname, "../../parity/fixtures", path);

/** Keys of a recipe or of a JSON file. */
export type Keys = Readonly<Record<string, unknown>>;

/** Where one bad input is made: a folder that holds nothing else. */
export interface Workshop {
  readonly folder: string;
  /** Path of a name in the folder. */
  at(name: string): string;
  /** Writes a file and returns its path; an object is written as JSON. */
  put(name: string, content: string | Uint8Array | object): string;
  /** A copy of a fixture's folder, named `model` unless said otherwise. */
  copy(path: string, name?: string): string;
  /** A copy of a model, keys of one of its JSON files replaced; `undefined` leaves a key out. */
  changed(path: string, keys: Keys, file?: string): string;
  /** A recipe file with these keys besides a tiny model, data and `out` as `output_dir`. */
  recipe(keys?: Keys): string;
}

/** A workshop in a new folder. */
export function workshopIn(folder: string): Workshop {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const workshop: Workshop = {
    folder,
    at,
    put(name, content) {
      mkdirSync(dirname(at(name)), { recursive: true });
      const isBytes = typeof content === "string" || content instanceof Uint8Array;
      writeFileSync(at(name), isBytes ? content : JSON.stringify(content));
      return at(name);
    },
    copy(path, name = "model") {
      cpSync(fixture(path), at(name), {
        recursive: true,
        filter: (from) =>
          !/expected|variants|\/adapters(\/|$)/.test(from.slice(fixture("").length)) || path.includes("adapters"),
      });
      return at(name);
    },
    changed(path, keys, file = "config.json") {
      const model = workshop.copy(path);
      const before = JSON.parse(readFileSync(join(model, file), "utf8")) as Keys;
      writeFileSync(join(model, file), JSON.stringify({ ...before, ...keys }));
      return model;
    },
    recipe(keys = {}) {
      const all = {
        model_name_or_path: fixture("bert"),
        dataset_name: fixture("data"),
        output_dir: at("out"),
        max_steps: 2,
        ...keys,
      };
      return workshop.put(
        "recipe.yaml",
        Object.entries(all)
          .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
          .join(""),
      );
    },
  };
  return workshop;
}

/** A command line that has to be refused. */
export interface BadInput {
  readonly name: string;
  readonly family: string;
  /** Makes the files and returns the arguments of `lowrank`. */
  readonly args: (workshop: Workshop) => readonly string[];
  /** What the refusal names: a file, a key. */
  readonly says: RegExp;
  /** Default: 2. */
  readonly exit?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Commands that open a base model, its weights included. */
const OPENING = ["train", "predict", "evaluate", "plan", "merge", "export", "compare"] as const;

/** The arguments with which a command meets a base model. */
export function withModel(workshop: Workshop, model: string, command: string, keys: Keys = {}): readonly string[] {
  const named = ["--model_name_or_path", model];
  const adapter = [
    "--adapter_name_or_path",
    fixture(/CAUSAL/.test(String(keys.task_type)) ? "causal/llama/adapters/lora" : "bert/adapters/lora"),
  ];
  switch (command) {
    case "predict":
      return ["predict", ...named, "The rent is due."];
    case "generate":
      return ["generate", ...named, "The rent", "--max_new_tokens", "4"];
    case "merge":
      return ["merge", ...named, ...adapter, "--out", workshop.at("out")];
    case "export":
      return ["export", "--format", "safetensors", ...named, "--out", workshop.at("out")];
    case "init":
      return ["init", "--yes", ...named, "--dataset_name", fixture("data"), "--output", workshop.at("made.yaml")];
    case "compare":
      return ["compare", workshop.recipe({ model_name_or_path: model, ...keys }), "--methods", "lora"];
    default:
      return [command, workshop.recipe({ model_name_or_path: model, ...keys })];
  }
}

/** Bad base models, each met by another command. */
export const models = (
  family: string,
  cases: readonly (readonly [name: string, make: (workshop: Workshop) => string, says: RegExp])[],
  { keys = {}, commands = OPENING }: { readonly keys?: Keys; readonly commands?: readonly string[] } = {},
): BadInput[] =>
  cases.map(([name, make, says], i) => {
    const command = commands[i % commands.length] as string;
    return {
      name: `${name} (${command})`,
      family,
      says,
      args: (workshop) => withModel(workshop, make(workshop), command, keys),
    };
  });
