import { writeSafetensors } from "../../checkpoint/safetensors.ts";
import { type LineWriter, makeFolder, openAppend, removeFolder, writeTextAtomic } from "../../platform/node.ts";
import { recipeToYaml } from "../../recipe/write.ts";
import { type EvalResults, snakeCaseKeys, toLogRecord } from "../events.ts";
import type { Prepared } from "../setup/prepared.ts";
import { writeCard } from "./card.ts";
import { writePredictions } from "./predictions-file.ts";
import { checkpointSteps, type Progress } from "./progress.ts";
import { saveModel } from "./saved.ts";
import { type Output, type Run, trainedOf } from "./state.ts";
import { type EventFile, openEventFile } from "./tensorboard.ts";

/** Opens `output_dir`. A resumed run's log begins with what led to its checkpoint. */
export async function openOutput(model: Prepared, { history: before }: Progress): Promise<Output> {
  const { recipe } = model.source;
  const folder = recipe.output_dir;
  let evaluation: EvalResults | undefined;
  let metrics: LineWriter | undefined;
  let events: EventFile | undefined;
  const history = [...before];

  const writeJson = (name: string, value: unknown): Promise<void> =>
    writeTextAtomic(`${folder}/${name}`, `${JSON.stringify(value, null, 2)}\n`);

  async function opened(): Promise<LineWriter> {
    if (metrics) return metrics;
    await makeFolder(folder);
    await writeTextAtomic(`${folder}/metrics.jsonl`, before.map((record) => `${JSON.stringify(record)}\n`).join(""));
    await writeTextAtomic(`${folder}/recipe.yaml`, recipeToYaml(recipe));
    metrics = await openAppend(`${folder}/metrics.jsonl`);
    if (recipe.report_to === "tensorboard") events = await openEventFile(folder);
    return metrics;
  }

  async function save(to: string, run: Run): Promise<void> {
    await makeFolder(to);
    await saveModel(to, run.model, run.weights, trainedOf(run));
    await model.files.writeTokenizer(to);
  }

  return {
    async log(event) {
      const writer = await opened();
      if (event.kind !== "step" && event.kind !== "eval" && event.kind !== "done") return;
      const record = toLogRecord(event);
      if (event.kind !== "done") history.push(record);
      await writer.append(JSON.stringify(record));
      await events?.add(event);
    },
    async writeCheckpoint(run, best) {
      const { progress } = run;
      const path = `${folder}/checkpoint-${progress.step}`;
      if (best && progress.best) progress.best = { ...progress.best, checkpoint: path };
      await save(path, run);
      const tensors = [...run.optimizer.state()].map(
        ([name, data]) =>
          [name, { dtype: data instanceof Uint8Array ? "U8" : "F32", shape: [data.length], data }] as const,
      );
      await writeSafetensors(`${path}/optimizer.safetensors`, tensors);
      await writeTextAtomic(`${path}/trainer_state.json`, stateJson(run, history));
      await dropOldCheckpoints(run);
      return path;
    },
    async writeModel(run) {
      if (recipe.save_strategy !== "no") await save(folder, run);
    },
    async writeEvaluation({ metrics, predictions }) {
      evaluation = metrics;
      await writeJson("eval_results.json", metrics);
      await writePredictions(folder, predictions);
    },
    async writeResults(run, results) {
      if (recipe.save_strategy !== "no") await writeCard(folder, run, results, evaluation);
      await writeTextAtomic(`${folder}/trainer_state.json`, stateJson(run, history));
      await writeJson("train_results.json", snakeCaseKeys(results));
    },
    async close() {
      await metrics?.close();
    },
  };
}

function stateJson({ progress, steps, random }: Run, history: readonly Record<string, unknown>[]): string {
  const state = {
    best_metric: progress.best?.metric ?? null,
    best_model_checkpoint: progress.best?.checkpoint ?? null,
    epoch: steps.epochs(progress.step),
    global_step: progress.step,
    max_steps: steps.total,
    num_tokens: progress.numTokens,
    log_history: history.filter(({ step }) => Number(step) <= progress.step), // a diverged run went on from here
    random: random.state(),
  };
  return `${JSON.stringify(state, null, 2)}\n`;
}

/** Keeps the newest checkpoints, and the best one always. Those of later steps are another run's: they stay. */
async function dropOldCheckpoints({ recipe, progress }: Run): Promise<void> {
  const limit = recipe.save_total_limit;
  if (limit === undefined) return;
  const own = (await checkpointSteps(recipe.output_dir)).filter((step) => step <= progress.step);
  const paths = own.map((step) => `${recipe.output_dir}/checkpoint-${step}`);
  for (const path of paths.slice(0, -limit)) if (path !== progress.best?.checkpoint) await removeFolder(path);
}
