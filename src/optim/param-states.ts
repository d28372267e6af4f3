import { CheckpointError, OperandError } from "../errors.ts";
import type { OptimizedParam, StateTensor } from "./optimizer.ts";

/** The state of each parameter by slot (`exp_avg`, `step`, …), created when a parameter is first stepped. */
export class ParamStates<S extends Readonly<Record<string, StateTensor>>> {
  private readonly states = new Map<string, S>();
  private readonly restored = new Map<string, Record<string, StateTensor>>();
  private readonly create: (elements: number) => S;

  /** @param create the state of a parameter of so many elements before its first step; says which slots there are. */
  constructor(create: (elements: number) => S) {
    this.create = create;
  }

  /**
   * The state of `param`: the one in use, the restored one, or a new one.
   * @throws {OperandError} when the gradient is not as long as the parameter.
   * @throws {CheckpointError} when the restored one has other slots, dtypes or lengths.
   */
  of({ name, data, grad }: OptimizedParam): S {
    if (grad.length !== data.length) {
      throw new OperandError("optimizer", `${name} has ${data.length} elements but its gradient has ${grad.length}`);
    }
    const known = this.states.get(name);
    if (known) return known;
    const fresh = this.create(data.length);
    const saved = this.restored.get(name);
    const state = saved ? fitting(name, saved, fresh) : fresh;
    this.states.set(name, state);
    this.restored.delete(name);
    return state;
  }

  /** All tensors as `<parameter>.<slot>`, restored ones that were not used yet included. */
  all(): Map<string, StateTensor> {
    const tensors = new Map<string, StateTensor>();
    for (const [name, slots] of [...this.states, ...this.restored]) {
      for (const [slot, tensor] of Object.entries(slots)) tensors.set(`${name}.${slot}`, tensor);
    }
    return tensors;
  }

  /** Forgets everything and keeps `tensors` for the parameters they name. */
  restore(tensors: ReadonlyMap<string, StateTensor>): void {
    this.states.clear();
    this.restored.clear();
    for (const [path, tensor] of tensors) {
      const dot = path.lastIndexOf(".");
      const name = path.slice(0, Math.max(dot, 0));
      const slots = this.restored.get(name) ?? {};
      slots[path.slice(dot + 1)] = tensor;
      this.restored.set(name, slots);
    }
  }

  /** Bytes of all tensors. */
  bytes(): number {
    return [...this.all().values()].reduce((sum, tensor) => sum + tensor.byteLength, 0);
  }
}

function fitting<S extends Readonly<Record<string, StateTensor>>>(
  name: string,
  saved: Record<string, StateTensor>,
  fresh: S,
): S {
  const [given, expected] = [layout(saved), layout(fresh)];
  if (given === expected) return saved as S;
  throw new CheckpointError(`The saved optimizer state does not fit the parameter ${name}: it has ${given}.`, {
    where: name,
    expected,
    hint: "resume with the optimizer, precision and adapter shape that the checkpoint was written with.",
  });
}

/** `exp_avg float32[12], step float32[1]`: what must agree, in an order of its own. */
function layout(slots: Readonly<Record<string, StateTensor>>): string {
  const dtype = (tensor: StateTensor) => (tensor instanceof Float32Array ? "float32" : "uint8");
  const texts = Object.entries(slots).map(([slot, tensor]) => `${slot} ${dtype(tensor)}[${tensor.length}]`);
  return texts.sort().join(", ");
}
