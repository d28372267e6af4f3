import { causalLm } from "./causal-lm.ts";
import type { TaskFacts } from "./facts.ts";
import { featureExtraction } from "./feature-extraction.ts";
import { maskedLm } from "./masked-lm.ts";
import { seqCls } from "./seq-cls.ts";
import { tokenCls } from "./token-cls.ts";

export type { LossType, ProblemType, TaskCard, TaskFacts } from "./facts.ts";
export { causalLm, featureExtraction, maskedLm, seqCls };

/** Every task, in the order in which they are listed. */
const ALL = [seqCls, tokenCls, causalLm, maskedLm, featureExtraction] as const;

/** Objective that a model is trained for; PEFT's names. */
export type TaskType = (typeof ALL)[number]["name"];

/** Facts of every task by its name. */
export const TASK_FACTS = Object.fromEntries(ALL.map((facts) => [facts.name, facts])) as unknown as Readonly<
  Record<TaskType, TaskFacts>
>;

/** Names of all tasks. */
export const TASK_TYPES = ALL.map(({ name }) => name);

/** Task of a recipe that names none. */
export const DEFAULT_TASK: TaskType = seqCls.name;

/** Facts of a task by the name that a file has; `undefined` for a task of other libraries. */
export const factsOf = (task: string): TaskFacts | undefined =>
  Object.hasOwn(TASK_FACTS, task) ? TASK_FACTS[task as TaskType] : undefined;

/** True when a task classifies: its classes come from the data, and its head is trained with it. */
export const classifies = (task: string): boolean => factsOf(task)?.labelled !== undefined;

/** True when a model of the task writes text. */
export const generates = (task: string): boolean => factsOf(task)?.verb === "generate";

/** True when a model of the task gives each text an embedding. */
export const embeds = (task: string): boolean => factsOf(task)?.verb === "embed";

/** True when a model of the task gives probabilities of tokens. */
export const isLanguageModel = (task: string): boolean =>
  factsOf(task) !== undefined && !classifies(task) && !embeds(task);

/** Tasks whose models one command uses. */
export const tasksFor = (verb: TaskFacts["verb"]): TaskType[] =>
  TASK_TYPES.filter((task) => TASK_FACTS[task].verb === verb);

/** Task of a transformers class by the ending of its name; `undefined` for a class of other tasks. */
export const taskOfClass = (name: string): TaskType | undefined =>
  TASK_TYPES.find((task) => TASK_FACTS[task].classEndings.some((ending) => name.endsWith(ending)));
