import type { SingleBar } from "cli-progress";
import type { DownloadModelOptions, DownloadProgress, ModelSource, Recipe } from "../library/index.ts";
import { barStyle } from "./bar-style.ts";
import { bytes, duration } from "./format.ts";
import { watchInterrupts } from "./interrupt.ts";
import type { Output } from "./output.ts";

/** Seconds between two lines where there is no terminal to draw on. */
const LINE_SECONDS = 10;

/**
 * Downloads what a command will need of the Hub, before it begins.
 * @throws {LowrankError} when a model cannot be had. @throws {InterruptedError} by Ctrl-C.
 */
export async function fetchFirst(source: ModelSource, output: Output): Promise<void> {
  const { fetchModels } = await import("../library/index.ts");
  await showDownloads(output, (options) => fetchModels(source, options));
}

/** Options of a function that may download. */
type DownloadHooks = Required<Pick<DownloadModelOptions, "signal" | "onProgress">>;

/** Shows on stderr what `act` downloads, if anything; nothing with `--quiet`. Ctrl-C stops it. */
export async function showDownloads<T>(output: Output, act: (options: DownloadHooks) => Promise<T>): Promise<T> {
  const interrupt = watchInterrupts(output, "stopping the download");
  const display = createDisplay(output);
  try {
    const result = await act({ signal: interrupt.signal, onProgress: display.show });
    display.done();
    return result;
  } finally {
    display.close();
    interrupt.stop();
  }
}

/** The models and data that a recipe names. */
export const modelsOf = (recipe: Recipe): ModelSource => ({
  model: recipe.model_name_or_path,
  ...(recipe.model_revision !== undefined && { revision: recipe.model_revision }),
  ...(recipe.adapter_name_or_path !== undefined && { adapter: recipe.adapter_name_or_path }),
  weights: recipe.from_scratch !== true,
  data: recipe,
});

interface Display {
  show(progress: DownloadProgress): void;
  done(): void;
  close(): void;
}

/** A bar on a terminal, else a line now and then. */
function createDisplay(output: Output): Display {
  const isDrawn = output.stderr.isTTY === true && !output.quiet;
  let [model, started, reported] = ["", 0, 0];
  let [received, total]: [number, number | undefined] = [0, undefined];
  let bar: Bar | undefined;
  const close = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const done = (): void => {
    close();
    if (model === "" || received !== (total ?? received)) return;
    const seconds = (performance.now() - started) / 1000;
    output.note(output.styleNote("dim", `downloaded ${model}: ${bytes(received)} in ${duration(seconds)}`));
  };
  return {
    done,
    close,
    show(progress) {
      const now = performance.now();
      const { waitingFor } = progress;
      if (waitingFor !== undefined) return bar ? bar.show({ ...progress, file: waitingFor }) : output.note(waitingFor);
      if (progress.model !== model) {
        done();
        [model, started, reported] = [progress.model, now, now];
        const size = progress.totalBytes === undefined ? "" : ` (${bytes(progress.totalBytes)})`;
        output.note(`downloading ${model}${size}`);
        if (isDrawn) bar = openBar(output);
      }
      [received, total] = [progress.bytes, progress.totalBytes];
      if (bar) return bar.show(progress);
      if (now - reported < LINE_SECONDS * 1000) return;
      reported = now;
      output.note(`${amounts(progress)}  ${progress.file}`);
    },
  };
}

const amounts = ({ bytes: received, totalBytes: total }: DownloadProgress): string =>
  total === undefined ? bytes(received) : `${bytes(received)} of ${bytes(total)}`;

interface Bar {
  show(progress: DownloadProgress): void;
  stop(): void;
}

/** Its module is loaded while the first bytes come. */
function openBar(output: Output): Bar {
  let [bar, stopped]: [SingleBar | undefined, boolean] = [undefined, false];
  void import("cli-progress").then(({ default: progress }) => {
    if (stopped) return;
    bar = new progress.SingleBar({
      ...barStyle(output),
      format: "{bar} {amounts}  {file}  ETA {eta_formatted}",
      etaBuffer: 100,
    });
    bar.start(1, 0, { amounts: "", file: "" });
  });
  return {
    show(progress) {
      if (progress.totalBytes !== undefined) bar?.setTotal(progress.totalBytes);
      bar?.update(progress.bytes, { amounts: amounts(progress), file: progress.file });
    },
    stop() {
      stopped = true;
      bar?.stop();
    },
  };
}
