import { float16ToFloat32 } from "../../../quant/half.ts";

let table: Float32Array | undefined;

/** Values of the 65,536 half floats, by their bits: block scales are looked up one at a time. */
export function halfTable(): Float32Array {
  table ??= float16ToFloat32(Uint16Array.from({ length: 65_536 }, (_, bits) => bits));
  return table;
}
