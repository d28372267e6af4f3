import { PROGRAM } from "../../program.ts";
import type { InspectedExample, InspectedModule } from "../library/index.ts";
import type { CliCommand } from "../shared/command.ts";
import { fetchFirst, modelsOf } from "../shared/download.ts";
import { count, splitSizes } from "../shared/format.ts";
import type { Output } from "../shared/output.ts";
import { addRecipe, recipeFor } from "../shared/recipe.ts";
import { textTable } from "../shared/table.ts";

/** `lowrank inspect [RECIPE] [--data] [--key value]…` */
export const inspect: CliCommand = {
  examples: [
    `${PROGRAM} inspect recipe.yaml`,
    `${PROGRAM} inspect recipe.yaml --data`,
    `${PROGRAM} inspect recipe.yaml --lora_target_modules all-linear`,
  ],
  define(command) {
    addRecipe(command.option("--data", "show examples as the model sees them"));
  },
  async run(context) {
    const { options, output } = context;
    const { inspect, snakeCaseKeys } = await import("../library/index.ts");
    const { recipe } = await recipeFor(context);
    await fetchFirst(modelsOf(recipe), output);
    const { modules, examples, heldBack } = await inspect(recipe, { examples: options.data === true });
    const split = options.data === true ? heldBack : undefined;
    for (const module of modules) output.record({ event: "module", ...snakeCaseKeys(module) });
    if (split) output.record({ event: "split", ...snakeCaseKeys(split) });
    for (const example of examples) output.record({ event: "example", ...snakeCaseKeys(example) });
    output.result(moduleTree(modules, output));
    if (split) output.result(`\nsplit: ${splitSizes(split)}`);
    for (const example of examples) output.result(`\n${exampleText(example, output)}`);
  },
};

/** One line a module, indented by its depth; targets are marked, and what trains is counted. */
function moduleTree(modules: readonly InspectedModule[], output: Output): string {
  const columns = [
    { title: "" },
    { title: "module" },
    { title: "type" },
    { title: "shape" },
    { title: "parameters", right: true },
    { title: "trainable", right: true },
  ];
  const rows = modules.map(({ path, type, shape, parameters, trainable, target }) => {
    const parts = path.split(".");
    const name = "  ".repeat(parts.length - 1) + parts.at(-1);
    const figures = [shape.join(" × "), count(parameters), trainable > 0 ? count(trainable) : ""];
    return [target ? "●" : "", target ? output.style("bold", name) : name, type, ...figures];
  });
  return textTable(columns, rows, output.resultColumns);
}

/** The tokens as one text: those trained on in full strength, the others dimmed (in brackets where nothing can be dimmed). */
function exampleText({ tokens, label }: InspectedExample, output: Output): string {
  const dim = (text: string) => {
    const styled = output.style("dim", text);
    return styled === text ? `[${text}]` : styled;
  };
  const text = tokens
    .map(({ text, trained, label }) => (trained ? text + (label === undefined ? "" : `/${label}`) : dim(text)))
    .join("");
  return label === undefined ? text : `${output.style("bold", label)}  ${text}`;
}
