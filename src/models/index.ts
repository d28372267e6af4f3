import * as families from "./families.ts";
import type { Architecture } from "./parts/architecture.ts";
import type { FamilyFiles } from "./parts/files.ts";

/** Every architecture, by name. */
export const ARCHITECTURES: readonly Architecture[] = Object.values(families);

/** File specifics of the family of a `model_type`; empty for an unknown type. */
export const familyFiles = (modelType: unknown): FamilyFiles =>
  ARCHITECTURES.find((architecture) => architecture.modelType === modelType)?.files ?? {};
