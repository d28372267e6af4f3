import type { TrainedModel } from "../assemble/open-trained.ts";
import { chooseDevice } from "../devices/choose.ts";
import { selfChecked } from "../devices/self-check.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { sampleLogits } from "./sample-logits.ts";

/** Names of devices. */
export type Device = ResolvedRecipe["device"];

/**
 * A trained model on a device, after its logits for a fixed text were computed there and on the CPU.
 * @param device Default: that of the model's recipe.
 * @throws {DeviceError} when the device is named, and missing, too small for a weight, or wrong.
 */
export async function onDevice(opened: TrainedModel, device?: Device): Promise<TrainedModel> {
  const { model, warnings } = opened;
  const choice = await chooseDevice(device ?? model.source.recipe.device, model.graph);
  const logits = async (engine: TrainedModel["model"]["engine"]) =>
    new Map([["a sample text", await sampleLogits({ ...opened, model: { ...model, engine } })]]);
  const { engine, warnings: ofDevice } = await selfChecked(choice, logits, "logits");
  return { ...opened, model: { ...model, engine }, warnings: [...warnings, ...ofDevice] };
}
