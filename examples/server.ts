/**
 * A service that labels texts over HTTP, with one base model and any number of its adapters.
 *
 *   npx tsx examples/server.ts ADAPTER [ADAPTER …]        PORT=8080 by default; it listens on this machine alone
 *
 *   curl localhost:8080/predict --json '{"text": "This Agreement is governed by the laws of New York."}'
 *   curl localhost:8080/predict --json '{"texts": ["…", "…"], "adapter": "contracts-v2"}'
 *
 * The first adapter answers where a request names none; a request names one by the last part of its folder.
 */
import { createServer, type IncomingMessage } from "node:http";
import { basename } from "node:path";
import { Classifier, LowrankError } from "lowrank";

const MAX_BODY_BYTES = 1_000_000;

const folders = process.argv.slice(2);
const [first] = folders;
if (first === undefined) {
  console.error("usage: npx tsx examples/server.ts ADAPTER [ADAPTER …]");
  process.exit(2);
}
const adapters = new Map(folders.map((folder) => [basename(folder), folder]));
const classifier = await Classifier.open({ adapter: first, onWarning: (message) => console.warn(message) });

/** A request that cannot be answered as it is. */
class BadRequest extends Error {}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new BadRequest(`the body is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new BadRequest("the body is not JSON");
  }
}

async function answer(body: unknown, signal: AbortSignal): Promise<unknown> {
  const { text, texts, adapter: name } = (body ?? {}) as Record<string, unknown>;
  const adapter = name === undefined ? first : adapters.get(String(name));
  if (adapter === undefined)
    throw new BadRequest(`there is no adapter ${name}, only ${[...adapters.keys()].join(", ")}`);
  const options = { ...(adapter !== first && { adapter }), signal };
  if (typeof text === "string") return classifier.predict(text, options);
  if (Array.isArray(texts) && texts.every((one) => typeof one === "string")) return classifier.predict(texts, options);
  throw new BadRequest('the body needs a "text" or a list of "texts"');
}

const server = createServer(async (request, response) => {
  const gone = new AbortController();
  response.on("close", () => gone.abort(new Error("the client left")));
  const reply = (status: number, content: unknown): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(content)}\n`);
  };
  try {
    if (request.url === "/health") return reply(200, { adapters: [...adapters.keys()] });
    if (request.method !== "POST" || request.url !== "/predict") return reply(404, { error: "POST /predict" });
    reply(200, await answer(await bodyOf(request), gone.signal));
  } catch (error) {
    if (response.destroyed) return;
    const known = error instanceof BadRequest || error instanceof LowrankError;
    if (!known) console.error(error);
    reply(known ? 400 : 500, { error: known ? error.message : "internal error" });
  }
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`listening on ${JSON.stringify(server.address())}`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    server.close(() => void classifier.close()); // requests under way are answered first
    server.closeIdleConnections();
  });
}
