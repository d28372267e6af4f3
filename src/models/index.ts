import * as families from "./families.ts";
import type { Architecture } from "./parts/architecture.ts";

/** Every architecture, by name. */
export const ARCHITECTURES: readonly Architecture[] = Object.values(families);
