import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach } from "vitest";

/** A repository as the Hub keeps it: files by name, safetensors among them as LFS; the commit is the same for all revisions. */
export interface PlayedModel {
  readonly files: Readonly<Record<string, string | Buffer>>;
  readonly revisions?: readonly string[];
  /** Answers a request itself, in place of the Hub; true when it did. */
  readonly instead?: Instead;
}

export type Instead = (request: IncomingMessage, response: ServerResponse) => boolean;

export const COMMIT = "89abcdef0123456789abcdef0123456789abcdef";
/** The commit of a data set's Parquet copy. */
export const COPY_COMMIT = "0123456789abcdef0123456789abcdef01234567";
const COPY = "refs/convert/parquet";

/** A Hub on this machine, with its large files on a second server, as the real one has them. */
export interface PlayedHub {
  readonly url: string;
  /** Where its large files are. */
  readonly storeUrl: string;
  /** By id. Emptied before each test. */
  readonly models: Map<string, PlayedModel>;
  /** Data sets by id; the Hub's Parquet copy by `id@refs/convert/parquet`. Emptied before each test. */
  readonly datasets: Map<string, PlayedModel>;
  /** What was asked for since the test began: paths, those of the second server after `cdn:`. */
  readonly requests: string[];
  /** Headers of each of them. */
  readonly headers: IncomingMessage["headers"][];
}

export const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

/** What `git hash-object` says. */
export const gitHash = (content: string | Buffer): string =>
  createHash("sha1")
    .update(`blob ${Buffer.byteLength(content)}\0`)
    .update(content)
    .digest("hex");

const isLarge = (name: string): boolean => /\.(safetensors|parquet)$/.test(name);

/** Headers by which the Hub lets pages of other origins read its answers. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization",
  "access-control-expose-headers": "X-Repo-Commit,X-Error-Code,ETag,Content-Range,X-Linked-Size,X-Linked-ETag",
};

/** Plays the Hub while the tests of a file run. */
export function playedHub(): PlayedHub {
  const hub = { url: "", storeUrl: "", models: new Map<string, PlayedModel>(), datasets: new Map<string, PlayedModel>(), requests: [] as string[], headers: [] as PlayedHub["headers"] }; // biome-ignore format: one step
  let servers: Server[] = [];
  beforeAll(async () => {
    const store = createServer((request, response) => {
      if (isPreflight(request, response)) return;
      note(`cdn:${request.url}`, request);
      sendLarge(new Map([...hub.models, ...hub.datasets]), request, response);
    });
    hub.storeUrl = await listen(store);
    const home = createServer((request, response) => {
      if (isPreflight(request, response)) return;
      note(request.url ?? "", request);
      answer(hub, request, response);
    });
    hub.url = await listen(home);
    servers = [home, store];
  });
  beforeEach(() => {
    hub.models.clear();
    hub.datasets.clear();
    hub.requests.length = 0;
    hub.headers.length = 0;
  });
  afterAll(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  });
  const note = (what: string, { headers }: IncomingMessage): void => {
    hub.requests.push(what);
    hub.headers.push(headers);
  };
  return hub;
}

const listen = (server: Server): Promise<string> =>
  new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );

/** Lets a page read the answer. @returns true for a browser's question whether it may ask at all. */
function isPreflight({ method }: IncomingMessage, response: ServerResponse): boolean {
  for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
  if (method !== "OPTIONS") return false;
  response.writeHead(204).end();
  return true;
}

type Models = ReadonlyMap<string, PlayedModel>;

function answer(
  { models, datasets, storeUrl }: PlayedHub,
  request: IncomingMessage,
  response: ServerResponse,
): unknown {
  const path = decodeURIComponent((request.url ?? "").split("?")[0]!);
  const isData = /^(\/api)?\/datasets\//.test(path);
  const [api, home] = isData ? ["/api/datasets/", "/datasets/"] : ["/api/models/", "/"];
  const isOf = ([id]: [string, PlayedModel]): boolean =>
    path.startsWith(`${api}${id}/`) || path.startsWith(`${home}${id}/`);
  const found = [...(isData ? datasets : models)].find(isOf);
  if (!found) return refuse(response, 401, "RepoNotFound");
  const [id, repository] = found;
  if (repository.instead?.(request, response)) return response;
  const revision = path.match(/^\/api\/\w+\/.*?\/revision\/(.*)$/)?.[1];
  const commit = revision === COPY || path.includes(`/resolve/${COPY_COMMIT}/`) ? COPY_COMMIT : COMMIT;
  const model = commit === COPY_COMMIT ? datasets.get(`${id}@${COPY}`) : repository;
  if (!model) return refuse(response, 404, "RevisionNotFound");
  if (revision !== undefined) {
    const known = ["main", COMMIT, COPY, ...(model.revisions ?? [])].includes(revision);
    return known
      ? sendJson(response, { id, sha: commit, siblings: siblingsOf(model) })
      : refuse(response, 404, "RevisionNotFound");
  }
  const name = path.slice(`${home}${id}/resolve/${commit}/`.length);
  const content = model.files[name];
  if (content === undefined) return refuse(response, 404, "EntryNotFound");
  response.setHeader("x-repo-commit", commit);
  if (!isLarge(name)) {
    const header = { etag: `"${gitHash(content)}"`, "content-length": Buffer.byteLength(content) };
    return response.writeHead(200, header).end(content);
  }
  const linked = { "x-linked-etag": `"${sha256(content)}"`, "x-linked-size": Buffer.byteLength(content) };
  return response
    .writeHead(302, { ...linked, etag: '"of-the-pointer"', location: `${storeUrl}/${sha256(content)}` })
    .end("Found");
}

function sendLarge(models: Models, request: IncomingMessage, response: ServerResponse): void {
  for (const model of models.values()) {
    const content = Object.values(model.files).find((file) => request.url === `/${sha256(file)}`);
    if (content === undefined) continue;
    if (!model.instead?.(request, response)) response.writeHead(200, { etag: '"of-the-store"' }).end(content);
    return;
  }
  response.writeHead(404).end();
}

const siblingsOf = ({ files }: PlayedModel) =>
  Object.entries(files).map(([rfilename, content]) => {
    const size = Buffer.byteLength(content);
    const lfs = isLarge(rfilename) && { lfs: { sha256: sha256(content), size, pointerSize: 134 } };
    return { rfilename, size, blobId: gitHash(content), ...lfs };
  });

const sendJson = (response: ServerResponse, body: object): ServerResponse =>
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));

/** As the Hub says no. */
export const refuse = (response: ServerResponse, status: number, code = ""): ServerResponse =>
  response.writeHead(status, { "x-error-code": code }).end("no");
