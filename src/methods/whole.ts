import { SINGLE } from "../formats/safetensors/file-names.ts";
import { readFloat32 } from "../formats/safetensors/float32.ts";
import { readSafetensors } from "../formats/safetensors/safetensors.ts";
import { saveFull } from "../formats/transformers/save-full.ts";
import { keepTrainable } from "../passes/trainable.ts";
import { isUnder } from "../peft/targets.ts";
import { headKeys } from "../prepared/head-keys.ts";
import { asStored } from "../prepared/stored.ts";
import type { MethodDefinition, MethodSpec } from "./definition.ts";

/** Full fine-tuning: every weight trains. */
export const full = (): MethodSpec => ({ keys: { method: "full" } });

/** Trains the classification head alone, on frozen features. */
export const head = (): MethodSpec => ({ keys: { method: "head" } });

/** Full fine-tuning: every weight trains, and the whole model is saved. */
export const fullMethod: MethodDefinition = {
  passes: () => [],
  isOwn: () => false,
  format: "transformers",
  weightFiles: [SINGLE],
  cardKeys: ["unfreeze_schedule"],
  async save(folder, { model, whole, id2label }) {
    const weights = await whole();
    const tensors = model.base.params.map((param) => {
      const { name } = param.origin;
      return [name, asStored(param, weights.get(name)?.data as Float32Array)] as const;
    });
    const { task_type: taskType } = model.source.recipe;
    await saveFull(folder, {
      tensors,
      baseConfig: await model.files.config(),
      id2label,
      taskType,
      head: headKeys(model),
    });
  },
  async read(folder) {
    const { tensors } = await readSafetensors(`${folder}/${SINGLE}`);
    const found = new Map<string, Float32Array>();
    for (const [name, entry] of tensors) found.set(name, await readFloat32(entry));
    return found;
  },
};

/** The head alone trains, on features that stay as they are. */
export const headMethod: MethodDefinition = {
  ...fullMethod,
  passes: (_, { trainedHeads }) => [keepTrainable((name) => isUnder(name, trainedHeads))],
  cardKeys: [],
};
