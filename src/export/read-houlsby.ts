export async function readHoulsby(_f: string): Promise<{ tensors: Map<string, { shape: readonly number[]; data: Float32Array }> }> { throw new Error("stub"); }
