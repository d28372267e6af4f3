import type { Method } from "../recipe/task.ts";
import { adapterMethod } from "./adapter.ts";
import type { MethodDefinition } from "./definition.ts";
import { loraMethod } from "./lora.ts";
import { fullMethod, headMethod } from "./whole.ts";

/** Every method of a recipe. One line a method; all else about it is in its file and its pass in `peft/`. */
export const METHOD_DEFINITIONS: Readonly<Record<Method, MethodDefinition>> = {
  full: fullMethod,
  head: headMethod,
  lora: loraMethod,
  qlora: loraMethod,
  adapter: adapterMethod,
};
