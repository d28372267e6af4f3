import { DeviceError, EngineError } from "../errors.ts";
import type { Engine } from "../prepared/engine.ts";
import { TOLERANCE, worstDifference } from "./agreement.ts";
import { type DeviceChoice, onCpu } from "./choose.ts";
import { CPU } from "./engine.ts";

/** Arrays by name, computed on an engine. */
type Compute = (engine: Engine) => Promise<ReadonlyMap<string, Float32Array>>;

/**
 * Computes the same on the CPU and on the device, before anything is trained or answered on it: a kernel or a driver may be
 * wrong without an error. Of a device that `auto` took, the CPU takes the place.
 *
 * @param compute Computes what is compared; called once for each.
 * @param what Noun for what is computed: `gradient`, `logits`.
 * @returns the choice, with the difference in its reason.
 * @throws {DeviceError} naming the array that differs most, when the recipe names the device.
 */
export async function selfChecked(choice: DeviceChoice, compute: Compute, what: string): Promise<DeviceChoice> {
  const { engine, reason, mayFallBack } = choice;
  if (engine === CPU) return choice;
  const problem = await problemOn(engine, compute, what);
  if (typeof problem === "number") {
    const agreement = problem === 0 ? "as on the CPU" : `within ${problem.toExponential(0)} of the CPU's`;
    return { ...choice, reason: `${reason}; ${what} ${agreement}` };
  }
  if (mayFallBack && (problem instanceof DeviceError || problem instanceof EngineError)) {
    return onCpu(`${reason?.replace(/^webgpu: /, "")} is not used: ${problem.message.split("\n")[0]}`);
  }
  throw problem;
}

/** The relative difference of a device's numbers, or what is wrong with them. */
async function problemOn(engine: Engine, compute: Compute, what: string): Promise<number | unknown> {
  const cpu = await compute(CPU);
  if (![...cpu.values()].every((data) => data.every(Number.isFinite))) return 0; // which the run itself will tell
  try {
    const { name, relative } = worstDifference(cpu, await compute(engine));
    if (relative <= TOLERANCE) return relative;
    return new DeviceError(
      `the self-check of the device failed: the ${what} of ${name} is ${inWords(relative)} the CPU's.`,
      {
        where: "device: webgpu",
        expected: `numbers within ${TOLERANCE} of the CPU's`,
        hint: "use device: cpu; the adapter's driver or a kernel of ONNX Runtime computes wrong numbers.",
      },
    );
  } catch (error) {
    return error;
  }
}

const inWords = (relative: number): string =>
  Number.isFinite(relative) ? `${relative.toPrecision(2)} (relative) off` : "not finite, unlike";
