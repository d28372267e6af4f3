import type { EvalResults, TrainResults } from "./events.ts";
import type { Run } from "./run.ts";
export async function writeCard(_folder: string, _run: Run, _results: TrainResults, _evaluation: EvalResults | undefined): Promise<void> {}
