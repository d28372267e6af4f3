import { endsWithPath, matchesWhole, type TargetRules } from "../../peft/targets.ts";

/**
 * The targets without those that took no module, which PEFT lets pass. The modules themselves where the file names none, or by
 * a pattern that does not take them all as it is read here.
 * @param modules Those that carry the adapter.
 */
export function usedTargets(
  targets: TargetRules["targetModules"] | undefined,
  modules: readonly string[],
): TargetRules["targetModules"] {
  if (targets === undefined) return modules;
  if (typeof targets !== "string") return targets.filter((end) => modules.some((path) => endsWithPath(path, end)));
  return targets.toLowerCase() === "all-linear" || modules.every(isTakenBy(targets)) ? targets : modules;
}

/** True when a regular expression takes a module; one that cannot be read here takes none. */
const isTakenBy =
  (pattern: string) =>
  (path: string): boolean => {
    try {
      return matchesWhole(pattern, path);
    } catch {
      return false;
    }
  };
