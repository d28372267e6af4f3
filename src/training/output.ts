import {
  canonicalPath,
  copyFile,
  exists,
  type FolderLock,
  fileName,
  type LineWriter,
  listFiles,
  listFolder,
  lockFolder,
  makeFolder,
  openAppend,
  parentFolder,
  removeFolder,
  removeFolderAtomic,
  sweepStaging,
  writeFolderAtomic,
  writeTextAtomic,
} from "#platform";
import { snakeCaseKeys, toLogRecord } from "../events/events.ts";
import { writeSafetensors } from "../formats/safetensors/safetensors.ts";
import type { Prepared } from "../prepared/prepared.ts";
import { RECIPE_FILE } from "../recipe/file-name.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { recipeToYaml } from "../recipe/write.ts";
import type { Scores } from "../tasks/definition.ts";
import { writeCard } from "./card.ts";
import type { RunFacts } from "./checkpoints/facts.ts";
import { readManifest, writeManifest } from "./checkpoints/manifest.ts";
import { modelFiles, writeModelFolder } from "./checkpoints/model-folder.ts";
import { ownCheckpoints, STATE } from "./checkpoints/resume.ts";
import { PICTURE_FILES, writePictures } from "./pictures/write.ts";
import { PREDICTIONS, writePredictions } from "./predictions-file.ts";
import type { Progress } from "./progress.ts";
import { EVALUATION_FILES } from "./report/write.ts";
import { saveModel } from "./saved.ts";
import { type Output, type Run, trainedOf } from "./state.ts";
import { type EventFile, openEventFile } from "./tensorboard.ts";

/** Results that an earlier run left in the folder, and this one may not write. */
const RESULTS = ["eval_results.json", PREDICTIONS, "train_results.json", STATE, ...PICTURE_FILES];

/**
 * Opens `output_dir`. A resumed run's log begins with what led to its checkpoint.
 * @param facts What decides the run's numbers; every checkpoint records it.
 * @param lock Name of the folder's lock, by which whoever started the run can release it.
 */
export async function openOutput(
  model: Prepared,
  progress: Progress,
  facts: () => Promise<RunFacts>,
  lock?: string,
): Promise<Output> {
  const { recipe } = model.source;
  const folder = recipe.output_dir;
  const before = [...progress.history];
  const history = [...before];
  let scores: Scores | undefined;
  let held: FolderLock | undefined;
  let metrics: LineWriter | undefined;
  let events: EventFile | undefined;

  const writeJson = (name: string, value: unknown): Promise<void> =>
    writeTextAtomic(`${folder}/${name}`, `${JSON.stringify(value, null, 2)}\n`);

  async function opened(): Promise<LineWriter> {
    if (metrics) return metrics;
    await makeFolder(folder);
    held = await lockFolder(folder, lock);
    await sweepStaging(folder);
    const stale = [...EVALUATION_FILES, ...(progress.step === 0 ? RESULTS : [])]; // a report is of the model that was
    for (const name of stale) await removeFolder(`${folder}/${name}`);
    await bringBest(progress, folder);
    if (progress.step > 0) await dropOldCheckpoints(recipe, progress, await facts()); // one may have died before it did
    await writeTextAtomic(`${folder}/metrics.jsonl`, before.map((record) => `${JSON.stringify(record)}\n`).join(""));
    await writeTextAtomic(`${folder}/${RECIPE_FILE}`, recipeToYaml(recipe));
    metrics = await openAppend(`${folder}/metrics.jsonl`);
    if (recipe.report_to === "tensorboard") events = await openEventFile(folder);
    return metrics;
  }

  async function save(to: string, run: Run): Promise<void> {
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
      const { step } = progress;
      const path = `${folder}/checkpoint-${step}`;
      if (best && progress.best) progress.best = { ...progress.best, checkpoint: path };
      await writeFolderAtomic(path, async (staging) => {
        await save(staging, run);
        const tensors = [...run.optimizer.state()].map(
          ([name, data]) =>
            [name, { dtype: data instanceof Uint8Array ? "U8" : "F32", shape: [data.length], data }] as const,
        );
        await writeSafetensors(`${staging}/optimizer.safetensors`, tensors);
        await writeTextAtomic(`${staging}/${STATE}`, stateJson(run, history));
        await writeManifest(staging, step, await facts());
      });
      await dropOldCheckpoints(recipe, progress, await facts());
      return path;
    },
    async writeModel(run) {
      if (recipe.save_strategy === "no") return;
      await writeModelFolder(folder, progress.step, (staging) => save(staging, run));
    },
    async writeEvaluation(found) {
      scores = found;
      await writeJson("eval_results.json", found.metrics);
      await writePredictions(folder, found.predictions);
    },
    async writeResults(run, results) {
      await writeTextAtomic(`${folder}/${STATE}`, stateJson(run, history));
      await writeJson("train_results.json", snakeCaseKeys(results));
      const { method, metric_for_best_model: metric } = recipe;
      const { pictures, warnings } = await writePictures(folder, { method, metric, history, scores });
      if (recipe.save_strategy !== "no") await writeCard(folder, run, results, pictures, scores?.metrics);
      return warnings;
    },
    async close() {
      try {
        await metrics?.close();
      } finally {
        await held?.release();
      }
    },
  };
}

/**
 * Says what an earlier run left in the folder of a run that begins anew.
 * @returns nothing of a folder that is new, or holds no model and no checkpoint.
 */
export async function earlierRun(folder: string): Promise<string | undefined> {
  const model = await modelFiles(folder);
  const names = (await exists(folder)) ? await listFolder(folder) : [];
  const checkpoints = names.filter((name) => /^checkpoint-\d+$/.test(name));
  if (model.length === 0 && checkpoints.length === 0) return undefined;
  if (typeof (await readManifest(folder)) === "string" && checkpoints.length === 0) {
    return `${folder} contains another model: ${model.join(", ")}. This run replaces it when it ends.`;
  }
  const parts = [
    ...(model.length === 0 ? [] : ["its log and results are replaced now, its model when this run ends"]),
    ...(checkpoints.length > 0
      ? [
          `${checkpoints.join(", ")} ${checkpoints.length === 1 ? "stays" : "stay"} until this run writes one with the same name`,
        ]
      : []),
  ];
  return `${folder} contains an earlier run: ${parts.join("; ")}. resume_from_checkpoint: true would continue it.`;
}

/** Copies the best checkpoint of a run that was begun in another folder into this one, where its states are kept from now on. */
async function bringBest(progress: Progress, folder: string): Promise<void> {
  const from = progress.best?.checkpoint;
  if (!progress.best || from === undefined) return;
  if ((await canonicalPath(parentFolder(from))) === (await canonicalPath(folder))) return;
  const checkpoint = `${folder}/${fileName(from)}`;
  await writeFolderAtomic(checkpoint, async (staging) => {
    for (const name of await listFiles(from)) {
      await makeFolder(parentFolder(`${staging}/${name}`));
      await copyFile(`${from}/${name}`, `${staging}/${name}`);
    }
  });
  progress.best = { ...progress.best, checkpoint };
}

function stateJson({ progress, steps, random }: Run, history: readonly Record<string, unknown>[]): string {
  const { best } = progress;
  const state = {
    best_metric: best?.metric ?? null,
    best_model_checkpoint: best?.checkpoint === undefined ? null : fileName(best.checkpoint), // beside this state's folder
    epoch: steps.epochs(progress.step),
    global_step: progress.step,
    max_steps: steps.total,
    num_tokens: progress.numTokens,
    log_history: history.filter(({ step }) => Number(step) <= progress.step), // a diverged run went on from here
    random: random.state(),
  };
  return `${JSON.stringify(state, null, 2)}\n`;
}

/** Keeps the newest checkpoints of this run, and the best one always. Those of later steps, or of other runs, stay. */
async function dropOldCheckpoints(
  { save_total_limit: limit, output_dir }: ResolvedRecipe,
  progress: Progress,
  facts: RunFacts,
): Promise<void> {
  if (limit === undefined) return;
  const own = await ownCheckpoints(output_dir, facts, progress.step);
  for (const path of own.slice(0, -limit)) if (path !== progress.best?.checkpoint) await removeFolderAtomic(path);
}
