/** Stanford Alpaca's words around an instruction, with and without an input. */
const LEADS = {
  withInput:
    "Below is an instruction that describes a task, paired with an input that provides further context. " +
    "Write a response that appropriately completes the request.",
  alone: "Below is an instruction that describes a task. Write a response that appropriately completes the request.",
};

/**
 * The prompt that Alpaca's models were trained on; the answer follows its last colon directly.
 *
 * @param input What the instruction is about; an empty one is left out.
 * @see Taori et al. 2023, tatsu-lab/stanford_alpaca, train.py.
 */
export function alpacaPrompt(instruction: string, input: string): string {
  const lead = input ? LEADS.withInput : LEADS.alone;
  const sections = [`### Instruction:\n${instruction}`, ...(input ? [`### Input:\n${input}`] : []), "### Response:"];
  return [lead, ...sections].join("\n\n");
}
