import type { Context } from "./command.ts";

/** A base model, an adapter on it, or both. */
export interface Source {
  readonly model?: string;
  readonly adapter?: string;
}

/** Model and adapter of `--model_name_or_path` and `--adapter_name_or_path`. */
export function sourceOf({ overrides }: Context): Source {
  const { model_name_or_path: model, adapter_name_or_path: adapter } = overrides;
  return {
    ...(model !== undefined && { model: String(model) }),
    ...(adapter !== undefined && { adapter: String(adapter) }),
  };
}
