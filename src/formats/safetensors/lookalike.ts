import { CheckpointError } from "../../errors.ts";

const PICKLE_WHY = "reading a pickle can run arbitrary code, so it is never opened";
const CONVERT =
  "convert it once with Python: " +
  "import torch; from safetensors.torch import save_file; " +
  "save_file({k: v.contiguous().clone() for k, v in torch.load(FROM, weights_only=True).items()}, TO, " +
  '{"format": "pt"})';

/** True when a file of that name stores weights as a pickle; other files of trainers do not count. */
export const isPickleName = (name: string): boolean =>
  /^(?!training_args|optimizer|scheduler|rng_state).*\.(bin|pt|pth|pkl|pickle|ckpt)$/.test(name);

/**
 * The refusal of a folder whose weights are pickles.
 * @param from The pickle's name.
 * @param to The safetensors file that is looked for in its place.
 */
export const pickleError = (folder: string, from: string, to: string): CheckpointError =>
  new CheckpointError(`${folder} stores its weights as a pickle, ${from}: ${PICKLE_WHY}`, {
    expected: `${to} next to it`,
    hint: CONVERT.replace("FROM", `"${from}"`).replace("TO", `"${to}"`),
  });

/** Actual kind of a file that is not safetensors, by its first bytes. */
export function lookalike(start: Uint8Array): { readonly what: string; readonly hint: string } | undefined {
  const text = String.fromCharCode(...start.subarray(0, 8));
  const [mark, version = 0] = start;
  if (text.startsWith("PK\x03\x04") || (mark === 0x80 && version >= 2 && version <= 5)) {
    return { what: `a PyTorch pickle; ${PICKLE_WHY}`, hint: CONVERT.replace("FROM", "FILE") };
  }
  if (text === "version ") return { what: "a Git LFS pointer", hint: "download the file itself with git lfs pull" };
  if (text.startsWith("GGUF")) return { what: "a GGUF file", hint: "give the file the ending .gguf." };
  if (/^\s*<(!|html)/i.test(text)) return { what: "a web page", hint: "download the file itself again." };
  return undefined;
}
