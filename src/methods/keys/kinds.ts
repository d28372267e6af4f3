import { z } from "zod";

/** Text with at least one character: a name, a path, a column. */
export const text = () => z.string().min(1);

/** One name or a list of names. */
export const names = () => z.union([text(), z.array(text()).min(1)]);

/** A count of at least one. */
export const count = () => z.int().min(1);

/** A point of the run: a share of it (below 1) or a step. */
export const moment = () => z.union([z.number().min(0).lt(1), count()]);
