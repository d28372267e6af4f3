/**
 * What a step costs in a browser, beside Node in the same run: `npm run bench:browser -- [--steps 24] [--model DIR]`. CPU seconds
 * and seconds of a LoRA step (r 16, 16 provisions of the embedded data set) with the embedded model and with MiniLM; the most memory
 * of the tab's process, and of WebAssembly's heap beside what `plan` predicted of it. The first eight steps, in which the browser
 * still compiles, count for the memory only.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan, TrainOptions } from "../src/index.ts";
import { bundleInto, openPage } from "../test/browser/site.ts";
import { figure, printTable, ratio, settings } from "./sides.ts";

const { embeddedRows, loadModel, lora, train } = (await import(
  join(import.meta.dirname, "../dist/index.js")
)) as typeof import("../src/index.ts");

/** Steps that are not timed. */
const WARMING = 8;
const RANK = 16;

/** A side's figures for a step. */
interface Side {
  readonly cpuSeconds: number;
  readonly seconds: number;
}

interface Tab extends Side {
  readonly peakBytes: number;
  readonly heapBytes: number;
  readonly plannedHeapBytes: number | undefined;
}

const { model: minilm, steps } = settings({ steps: 24 });
const options: TrainOptions = {
  data: (await embeddedRows("train")).map(({ values }) => values),
  ...{ maxSteps: steps, perDeviceTrainBatchSize: 16, maxLength: 256, evalStrategy: "no", warmupSteps: 0 },
};

/** Seconds of a step, and those of processors, from marks at two steps. */
const perStep = (marks: readonly (readonly [step: number, cpu: number, seconds: number])[]): Side => {
  const [[first, cpu, began], [last, cpuThen, ended]] = [marks[0]!, marks.at(-1)!];
  return { cpuSeconds: (cpuThen - cpu) / (last - first), seconds: (ended - began) / (last - first) };
};

async function inNode(folder: string): Promise<Side> {
  const model = (await loadModel(folder, { taskType: "SEQ_CLS" })).with(lora({ r: RANK }));
  const marks: [number, number, number][] = [];
  for await (const event of train(model, options)) {
    if (event.kind !== "step" || event.step < WARMING) continue;
    const { user, system } = process.cpuUsage();
    marks.push([event.step, (user + system) / 1e6, performance.now() / 1000]);
  }
  return perStep(marks);
}

async function inBrowser(site: string, folder: string): Promise<Tab> {
  const open = await openPage(site, true, { served: { "/model/": `${folder}/` } });
  try {
    const files = readdirSync(folder).filter((name) =>
      /^(config|tokenizer\w*|special_tokens_map)\.json$|^model\.safetensors$/.test(name),
    );
    await open.ask("store", { folder: "/m", files: files.map((name) => ({ name, url: `/model/${name}` })) });
    const given = { folder: "/m", rank: RANK, threads: availableParallelism(), options };
    const session = await open.page.context().browser()!.newBrowserCDPSession();
    /** The process of the tab, which is the one that computes. */
    const tab = async () => {
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      return processInfo.filter(({ type }) => type === "renderer").reduce((a, b) => (a.cpuTime > b.cpuTime ? a : b));
    };
    const done = open.ask<number>("measure", given);
    const marks: [number, number, number][] = [];
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    done.then(end, end);
    while (!ended) {
      const step = await Promise.race([open.ask<number>("stepped"), done.then(() => undefined)]);
      if (step === undefined || step < WARMING) continue;
      marks.push([step, (await tab()).cpuTime, performance.now() / 1000]);
    }
    const { id } = await tab();
    const [, peak] = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8")) ?? [];
    const heapBytes = await done;
    await open.reload();
    const { heapBytes: plannedHeapBytes } = await open.ask<Plan>("plan", given);
    return { ...perStep(marks), peakBytes: Number(peak) * 1024, heapBytes, plannedHeapBytes };
  } finally {
    await open.close();
  }
}

const site = mkdtempSync(join(tmpdir(), "lowrank-bench-"));
try {
  await bundleInto(site);
  const lines: string[][] = [];
  for (const [name, folder] of [
    ["embedded model", "foundation/model"],
    ["MiniLM", minilm],
  ] as const) {
    const node = await inNode(folder);
    const tab = await inBrowser(site, folder);
    const megabytes = (bytes: number | undefined): string => figure(bytes === undefined ? undefined : bytes / 1e6);
    lines.push(
      [`${name}, Node`, figure(node.cpuSeconds, 3), figure(node.seconds, 3), "–", "–", "–"],
      [
        `${name}, Chromium`,
        ...[figure(tab.cpuSeconds, 3), figure(tab.seconds, 3)],
        ...[tab.peakBytes, tab.heapBytes, tab.plannedHeapBytes].map(megabytes),
      ],
      [
        `${name}, Chromium ÷ Node`,
        ratio(tab.cpuSeconds, node.cpuSeconds),
        ratio(tab.seconds, node.seconds),
        "",
        "",
        "",
      ],
    );
  }
  printTable([
    ["LoRA, 16 provisions a step", "CPU s a step", "s a step", "tab at most (MB)", "heap (MB)", "heap planned (MB)"],
    ...lines,
  ]);
} finally {
  rmSync(site, { recursive: true });
}
