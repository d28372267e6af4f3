import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { Download } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Prediction } from "../../src/index.ts";
import { CHROMIUM } from "../browser/site.ts";
import { readJson, temporary } from "../running.ts";
import { builtSite, isReady, type OpenSite, openSite } from "./opened.ts";

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

describe.skipIf(CHROMIUM === undefined)("the page", () => {
  let open: OpenSite;
  beforeAll(async () => {
    open = await openSite(await builtSite());
    await isReady(open.page);
  }, 60_000);
  afterAll(async () => {
    await open?.close();
  });

  test("a plain host gives it threads, after it was loaded once more", async () => {
    expect(await open.page.evaluate("crossOriginIsolated")).toBe(true);
    expect(await open.page.innerText("#engine")).toMatch(/\d threads/);
  });

  test("pasted rows become an adapter, which Node loads", async () => {
    const { page } = open;
    await page.fill("#paste", CSV);
    await page.click("#paste-use");
    await page.waitForSelector("#preview:not([hidden])");
    expect(await page.innerText("#found")).toBe("pasted rows: 24 rows; columns text, label.");
    expect(await page.innerText("#labels")).toBe("2 labels: termination 12, law 12.");
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

  test("it asks for nothing but its own files, and complains of nothing", () => {
    expect(open.requests.filter((url) => !url.startsWith(open.address) && !/^(blob|data):/.test(url))).toEqual([]);
    expect(open.said).toEqual([]);
  });
});
