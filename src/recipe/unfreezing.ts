import { z } from "zod";
import { moment, names } from "../methods/keys/kinds.ts";

/** From `at` on, `layers` train as well. */
const stage = z.strictObject({
  at: moment().describe("A step; below 1: a fraction of the run"),
  layers: names().describe("Ends of module paths, or top:N for the last N layers"),
});

/** Layers that start frozen and join the training later. */
export const unfreezingKeys = {
  unfreeze_schedule: z
    .union([z.literal("gradual"), z.array(stage).min(1)])
    .optional()
    .describe("List of {at, layers}, or gradual: one more layer per stage, from the top, in equal stages"),
};
