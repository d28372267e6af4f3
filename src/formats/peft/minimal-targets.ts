/**
 * The shortest ends of module paths that select `targets` and no other module, as PEFT condenses long lists
 * (`_find_minimal_target_modules`). Where an end alone cannot tell them apart, the whole path stands.
 *
 * @param params Names of all the model's parameters; every module with weights is on the way to one of them.
 */
export function minimalTargets(targets: ReadonlySet<string>, params: Iterable<string>): string[] {
  const others = new Set<string>();
  for (const module of modulesOf(params)) {
    if (!targets.has(module)) for (const end of endsOf(module)) others.add(end);
  }
  const chosen = new Set<string>();
  for (const target of [...targets].sort()) {
    const ends = endsOf(target);
    if (ends.some((end) => chosen.has(end))) continue;
    chosen.add(ends.find((end) => !others.has(end)) ?? target);
  }
  return [...chosen].sort();
}

/** Every module and the modules around it. */
function modulesOf(params: Iterable<string>): Set<string> {
  const modules = new Set<string>();
  for (const param of params) {
    for (let dot = param.indexOf("."); dot !== -1; dot = param.indexOf(".", dot + 1)) modules.add(param.slice(0, dot));
  }
  return modules;
}

/** `a.b.c` → `c`, `b.c`, `a.b.c`. */
function endsOf(path: string): string[] {
  const segments = path.split(".");
  return segments.map((_, i) => segments.slice(i).join(".")).reverse();
}
