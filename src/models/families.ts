/** Every architecture: one line each. */
export { bert } from "./bert.ts";
export { distilbert } from "./distilbert.ts";
export { electra } from "./electra.ts";
export { modernbert } from "./modernbert.ts";
export { roberta } from "./roberta.ts";
export { xlmRoberta } from "./xlm-roberta.ts";
