import type { Architecture } from "./architecture.ts";
import * as families from "./families.ts";

/** Every architecture, by name. */
export const ARCHITECTURES: readonly Architecture[] = Object.values(families);
