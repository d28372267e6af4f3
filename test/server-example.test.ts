import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runHere, temporary } from "./running.ts";

const folder = temporary();
let server: ChildProcess;
let url = "";

beforeAll(async () => {
  for (const [name, seed] of [["first", 0], ["second", 7]] as const) {
    await runHere({ max_steps: 4, learning_rate: 0.05, seed, output_dir: `${folder}/${name}` });
  } // biome-ignore format: a table
  const args = ["--import", "tsx", "examples/server.ts", `${folder}/first`, `${folder}/second`];
  server = spawn(process.execPath, args, { env: { ...process.env, PORT: "0" } });
  const [line] = await once(server.stdout as NodeJS.ReadableStream, "data");
  url = `http://127.0.0.1:${/"port":(\d+)/.exec(String(line))?.[1]}`;
});
afterAll(() => server.kill("SIGKILL"));

async function post(body: unknown): Promise<{ status: number; said: Record<string, unknown> }> {
  const response = await fetch(`${url}/predict`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, said: (await response.json()) as Record<string, unknown> };
}

test("one text, several, and each adapter's own answer", async () => {
  const { status, said } = await post({ text: "state law" });
  expect(status).toBe(200);
  expect(said).toMatchObject({ index: 0, text: "state law", label: expect.any(String), score: expect.any(Number) });
  const { said: other } = await post({ text: "state law", adapter: "second" });
  expect(other.score).not.toBe(said.score);
  expect((await post({ texts: ["state law", ""] })).said).toMatchObject([
    { label: said.label },
    { label: null, error: "the text has no tokens" },
  ]);
});

test("fifty requests at once are all answered", async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => post({ text: `fee ${"law ".repeat(i % 9)}` })),
  );
  expect(answers.every(({ status, said }) => status === 200 && typeof said.label === "string")).toBe(true);
});

test.each([
  [{}, /needs a "text"/],
  [{ text: "law", adapter: "third" }, /no adapter third, only first, second/],
  [{ text: "law", adapter: `${folder}/second` }, /no adapter/],
  [{ text: "" }, /the text has no label/],
])("%j is refused", async (body, message) => {
  const { status, said } = await post(body);
  expect(status).toBe(400);
  expect(said.error).toMatch(message);
});

test("SIGTERM ends it once requests are answered", async () => {
  const last = post({ texts: Array.from({ length: 40 }, () => "state law") });
  await new Promise((resolve) => setTimeout(resolve, 20));
  server.kill("SIGTERM");
  const [code] = await once(server, "exit");
  expect((await last).status).toBe(200);
  expect(code).toBe(0);
});
