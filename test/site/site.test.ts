import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Prediction } from "../../src/index.ts";
import { CHROMIUM } from "../browser/site.ts";
import { fixture, readJson, temporary } from "../running.ts";
import { builtSite, isReady, type OpenSite, openSite, PATH } from "./opened.ts";

/** The library as Node has it. */
const { loadModel, predict } = (await import(
  join(import.meta.dirname, "../../dist/index.js")
)) as typeof import("../../src/index.ts");

/** Rows that a classifier tells apart after a few steps. */
const ROWS = Array.from({ length: 12 }, (_, i) => [
  `"Either party may terminate this Agreement on ${i + 3} days notice.",termination`,
  `"This Agreement is governed by the laws of state ${i + 3}, and its courts decide.",law`,
]).flat();
const CSV = ["text,label", ...ROWS].join("\n");

/** The files of a zip, in a folder of this disk. */
async function unpacked(download: Download): Promise<string> {
  const folder = temporary();
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(await download.path())))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** The tiny BERT as a folder that a user has. */
function modelFolder(): string {
  const folder = join(temporary(), "bert");
  mkdirSync(folder);
  for (const name of ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
    writeFileSync(join(folder, name), readFileSync(fixture(`bert/${name}`)));
  return folder;
}

/** Bytes that a visit may load beside ONNX Runtime's wasm with its loader, the model and the provisions; as gzip sends them. */
const MOST_BYTES = 400_000;

/** Takes the rows, pasted. */
async function paste(page: Page, rows: string): Promise<void> {
  await page.fill("#paste", rows);
  await page.click("#paste-use");
}

/** Waits until something of the page is so. */
const until = <Value>(look: () => Promise<Value>, check: (value: Value) => void): Promise<void> =>
  vi.waitFor(async () => check(await look()), { timeout: 60_000, interval: 100 });

/** Waits until an element has a text. */
const says = (page: Page, id: string, text: string | RegExp): Promise<void> =>
  until(() => page.innerText(`#${id}`), (found) => expect(found).toMatch(text)); // biome-ignore format: a line

/** Plans the run, and begins it. */
async function begin(page: Page, epochs: number): Promise<void> {
  await page.fill("#field-num_train_epochs", String(epochs));
  await page.click("#plan-run");
  await page.click("#train", { timeout: 60_000 });
}

/** The step that the page shows. */
const stepOf = async (page: Page): Promise<number> =>
  Number(/^Step (\d+)/.exec(await page.innerText("#progress-text"))?.[1] ?? 0);

/** Waits until the run is beyond a step. */
const reaches = (page: Page, step: number): Promise<void> =>
  until(() => stepOf(page), (now) => expect(now).toBeGreaterThan(step)); // biome-ignore format: a line

/** An event of Chromium's trace. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of processor time. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Milliseconds of processor time of each task of the page's own thread: a busy machine does not count as the page's doing. */
function mainThreadTasks(trace: Buffer): number[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const threads = traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const isMain = ({ pid, tid }: TraceEvent): boolean => threads.some((one) => one.pid === pid && one.tid === tid);
  return traceEvents
    .filter((event) => event.ph === "X" && /RunTask$/.test(event.name) && isMain(event))
    .map(({ tdur = 0 }) => tdur / 1000);
}

let site: string;
beforeAll(async () => {
  if (CHROMIUM !== undefined) site = await builtSite();
}, 120_000);

describe.skipIf(CHROMIUM === undefined)("the page", () => {
  let open: OpenSite;
  beforeAll(async () => {
    open = await openSite(site);
    await isReady(open.page);
  }, 60_000);
  afterAll(async () => {
    await open?.close();
  });

  test("a plain host gives it threads, after it was loaded once more", async () => {
    expect(await open.page.evaluate("crossOriginIsolated")).toBe(true);
    expect(await open.page.innerText("#engine")).toMatch(/\d threads?\.$/);
    const policy = 'fetch("index.html").then(({ headers }) => headers.get("content-security-policy"))';
    expect(await open.page.evaluate(policy)).toContain("default-src 'self' blob: data:;"); // the worker's, too
  });

  test("every control has a name, and the tab key reaches them in order", async () => {
    const { page, context } = open;
    const session = await context.newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    const controls = nodes.filter(({ role }) => ["button", "textbox", "radio"].includes(role?.value));
    expect(controls.length).toBeGreaterThan(20);
    expect(controls.filter(({ name }) => !name?.value)).toEqual([]);
    const visited: unknown[] = [];
    await page.focus("body");
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      const [id, outline] = await page.evaluate<[string, string]>(
        "[document.activeElement.id || document.activeElement.value, getComputedStyle(document.activeElement).outlineStyle]",
      );
      expect(outline, id).not.toBe("none");
      visited.push(id);
    }
    expect(visited).toEqual([
      ...[
        "paste",
        "paste-use",
        "files-choose",
        "folder-choose",
        "provisions",
        "model-embedded",
        "model-choose",
        "lora",
      ],
      ...["num_train_epochs", "learning_rate", "lora_r", "max_length"].map((key) => `field-${key}`),
    ]);
  });

  test("rows that cannot be read are refused in the package's words, and nothing is lost", async () => {
    const { page } = open;
    await paste(page, CSV);
    await paste(page, 'text,label\n"never closed,law\n');
    await page.waitForSelector("#documents-problem:not([hidden])");
    expect(await page.innerText("#documents-problem")).toMatch(
      /^malformed CSV: Quote Not Closed.*\nat: pasted\.csv:2\nhint: /,
    );
    await says(page, "found", "pasted rows: 24 rows; columns text, label.");
    expect(await page.inputValue("#paste")).toContain("never closed");
    await page.fill("#field-num_train_epochs", "-1");
    await page.click("#plan-run");
    await page.waitForSelector("#plan-problem:not([hidden])");
    expect(await page.innerText("#plan-problem")).toBe("num_train_epochs: expected a number > 0, got -1");
  });

  test("text files are rows, with their folder's name as the label", async () => {
    const { page } = open;
    const folder = temporary();
    for (const [label, text] of [
      ["law", "The laws of Austria govern."],
      ["termination", "You may terminate, at any time."],
    ] as const) {
      mkdirSync(join(folder, label));
      writeFileSync(join(folder, label, "one.txt"), text);
    }
    await page.setInputFiles("#folder", folder);
    await says(page, "found", "2 files: 2 rows; columns text, label, file.");
    await says(page, "labels", "2 labels: law 1, termination 1.");
  });

  test("columns are chosen by clicking", async () => {
    const { page } = open;
    await paste(page, "a,b,c\none two three,x,1\nfour five six,y,2");
    await says(page, "labels", "No label column is chosen yet.");
    expect(await page.isDisabled("#plan-run")).toBe(true);
    await page.click("button[aria-label='Label: column b']");
    await says(page, "labels", "2 labels: x 1, y 1.");
    await page.click("button[aria-label='Text: column b']");
    await says(page, "labels", "No label column is chosen yet.");
  });

  test("pasted rows become an adapter, which Node loads", async () => {
    const { page } = open;
    await paste(page, CSV);
    await says(page, "found", "pasted rows: 24 rows; columns text, label.");
    await says(page, "labels", "2 labels: termination 12, law 12.");
    await page.fill("#field-num_train_epochs", "3");
    await page.click("#plan-run");
    await page.waitForSelector("#plan-facts div");
    expect(await page.innerText("#plan-facts")).toMatch(/66,050\s+1\.3 % of 5,245,954/);
    await page.click("#train");
    await page.waitForSelector("#scores div", { timeout: 60_000 });
    expect(await page.innerText("#scores")).toMatch(/Macro F1\s+1\.000\s+on 5 rows/);
    expect(await page.locator("#pictures img").count()).toBe(1);

    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#get-adapter")]);
    const folder = join(await unpacked(download), "adapter");
    expect(readJson(`${folder}/adapter_config.json`)).toMatchObject({
      base_model_name_or_path: "embedded",
      peft_type: "LORA",
      r: 4,
    });
    const predictions: Prediction[] = [];
    const model = await loadModel("foundation/model", { taskType: "SEQ_CLS" });
    const texts = ["You may terminate this licence at any time.", "The laws of Austria govern, and its courts decide."];
    for await (const prediction of predict({ model, adapter: folder, texts })) predictions.push(prediction);
    expect(predictions).toMatchObject([{ label: "termination" }, { label: "law" }]);
  }, 120_000);

  test("the recipe and the ONNX model are offered, too", async () => {
    const { page } = open;
    const [recipe] = await Promise.all([page.waitForEvent("download"), page.click("#get-recipe")]);
    const yaml = readFileSync(await recipe.path(), "utf8");
    expect(yaml).toMatch(/^model_name_or_path: embedded$/m);
    expect(yaml).toMatch(/^dataset_name: pasted\.csv$/m);
    expect(yaml).not.toContain("/lowrank/");
    const [onnx] = await Promise.all([page.waitForEvent("download"), page.click("#get-onnx", { timeout: 30_000 })]);
    expect(statSync(join(await unpacked(onnx), "onnx/onnx/model.onnx")).size).toBeGreaterThan(20e6);
  }, 60_000);

  test("sentences are labelled by the model before and after training", async () => {
    const { page } = open;
    await page.fill("#sentences", "The laws of Austria govern, and its courts decide.");
    await page.click("#try");
    await page.waitForSelector("#tried td");
    const [, before, after] = await page.locator("#tried tbody td").allInnerTexts();
    expect(before).toMatch(/^(law|termination) 0\.\d{3}$/);
    expect(after).toMatch(/^law (0\.9|1\.0)/);
  }, 60_000);

  test("a finished run is there after the page was loaded again, also without a network", async () => {
    const { page } = open;
    const scores = await page.innerText("#scores");
    const kept = "caches.match(new URL('provisions/train.jsonl', document.baseURI)).then(Boolean)"; // the last
    await until(() => page.evaluate(kept), (isKept) => expect(isKept).toBe(true)); // biome-ignore format: a line
    await open.unplug();
    await page.reload();
    await isReady(page);
    expect(await page.innerText("#scores")).toBe(scores);
    await says(page, "found", "pasted rows: 24 rows; columns text, label.");
    await page.click("#provisions");
    await says(page, "found", "Legal provisions: 1,183 rows");
  }, 60_000);

  test("it asks for nothing but its own files, complains of nothing, and is small", () => {
    expect(open.requests.filter((url) => !url.startsWith(open.address) && !/^(blob|data):/.test(url))).toEqual([]);
    expect(open.said).toEqual([]);
    const loaded = new Set(open.requests.map((url) => new URL(url).pathname.slice(PATH.length) || "index.html"));
    const own = [...loaded].filter((name) => /\.(html|css|js)$/.test(name));
    expect(own.length).toBeGreaterThan(3);
    const sizes = own.map((name) => gzipSync(readFileSync(join(site, name))).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
  });
});

describe.skipIf(CHROMIUM === undefined)("a long run of a model of the user's own", () => {
  let open: OpenSite;
  let tasks: number[];
  beforeAll(async () => {
    open = await openSite(site);
    await isReady(open.page);
    await open.page.setInputFiles("#model-files", modelFolder());
    await says(open.page, "model-name", /^bert, from your folder/);
    await paste(open.page, CSV);
    const browser = open.context.browser() as Browser;
    await browser.startTracing(open.page, { categories: ["toplevel", "__metadata"] });
    await begin(open.page, 500);
    await reaches(open.page, 40);
    tasks = mainThreadTasks(await browser.stopTracing());
  }, 120_000);
  afterAll(async () => {
    await open?.close();
  });

  test("no task of the page's own thread takes 50 ms of processor time, from the plan to the 40th step", () => {
    expect(tasks.length).toBeGreaterThan(100);
    expect(Math.max(...tasks)).toBeLessThan(50);
  });

  test("it is held between two steps, and goes on", async () => {
    const { page } = open;
    await page.click("#pause");
    await says(page, "progress-text", "Paused");
    await page.waitForTimeout(300); // the step at hand ends
    const step = await stepOf(page);
    await page.waitForTimeout(500);
    expect(await stepOf(page)).toBe(step);
    await page.click("#pause");
    await reaches(page, step);
  }, 60_000);

  test("after the page was loaded again it is resumed from its checkpoint, and cancelled", async () => {
    const { page } = open;
    await page.reload();
    await page.waitForSelector("#unfinished:not([hidden])");
    const [, step = "0"] = /step (\d+)\.$/.exec(await page.innerText("#unfinished-text")) ?? [];
    expect(Number(step)).toBeGreaterThanOrEqual(40);
    await page.click("#resume", { timeout: 30_000 });
    await reaches(page, Number(step));
    await page.click("#stop");
    await says(page, "progress-text", /^Step \d+ of 1000, loss .* Stopped/);
    await page.waitForSelector("#unfinished:not([hidden])");
    await page.click("#discard");
    await page.waitForSelector("#unfinished", { state: "hidden" });
    expect(open.said).toEqual([]);
  }, 60_000);

  test("full, LoRA and QLoRA are compared", async () => {
    const { page } = open;
    await page.fill("#field-num_train_epochs", "2");
    await page.click("#compare", { timeout: 30_000 });
    await until(() => page.locator("#compared meter").count(), (rows) => expect(rows).toBe(3)); // biome-ignore format: a line
    const rows = await page.locator("#compared tbody tr").allInnerTexts();
    expect(rows.map((row) => row.split("\t")[0])).toEqual(["Full fine-tuning", "LoRA", "QLoRA"]);
    expect(rows.map((row) => /(\d+) %/.exec(row)?.[1])).toEqual(["100", expect.anything(), expect.anything()]);
    for (const row of rows) expect(row, rows.join("\n")).toMatch(/\d [MG]B\s+\d+ s\s+\d/);
  }, 60_000);

  test("everything that was stored is removed on demand", async () => {
    const { page } = open;
    await Promise.all([page.waitForEvent("load"), page.click("#forget")]);
    await isReady(page);
    expect(await page.innerText("#found")).toMatch(/^The first rows are shown here/);
    const names = `(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("lowrank");
      return Array.fromAsync(folder.keys());
    })()`;
    expect((await page.evaluate<string[]>(names)).sort()).toEqual(["model.json", "models", "recipe.yaml"]);
    expect(open.said).toEqual([]);
  }, 60_000);
});

test.skipIf(CHROMIUM === undefined)(
  "without a service worker the page has one thread, says so, and may send nothing",
  async () => {
    const open = await openSite(site, "block");
    try {
      await isReady(open.page);
      expect(await open.page.innerText("#engine")).toMatch(/one thread: the page is not isolated/);
      const sent = 'fetch("https://example.com/").then(() => "sent", () => "refused")';
      expect(await open.page.evaluate(sent)).toBe("refused");
      expect(open.said.join()).toMatch(/example\.com.*Content Security Policy/);
    } finally {
      await open.close();
    }
  },
  60_000,
);
