/**
 * Keeps the page's own files for times without a network, and adds the headers by which a browser lets a page have threads, for
 * hosts that do not send them. Every answer forbids requests to anywhere else.
 */
declare const SITE_FILES: readonly string[]; // the build writes them here

/** Hash of those files. */
declare const SITE_VERSION: string;

/** One cache a build. */
const CACHE = `lowrank ${SITE_VERSION}`;

const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  // The page's own policy does not hold for its worker. zod looks whether it may compile its checks.
  "Content-Security-Policy": "default-src 'self' blob: data:; script-src 'self' blob: 'unsafe-eval'; style-src 'self'",
};

const worker = self as unknown as ServiceWorkerGlobalScope;

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => event.waitUntil(activated()));
worker.addEventListener("message", (event) => event.waitUntil(kept()));
worker.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(worker.registration.scope)) event.respondWith(answered(event.request));
});

async function activated(): Promise<void> {
  for (const name of await caches.keys()) if (name.startsWith("lowrank ") && name !== CACHE) await caches.delete(name);
  await worker.clients.claim();
}

/** Stores every file of the page that is not stored yet. */
async function kept(): Promise<void> {
  const cache = await caches.open(CACHE);
  for (const file of SITE_FILES) {
    const url = new URL(file, worker.registration.scope).href;
    if (!(await cache.match(url))) await cache.add(url);
  }
}

/** A file that never changes comes from the cache; the page itself from the network, unless there is none. */
async function answered(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const path = request.mode === "navigate" ? new URL("index.html", worker.registration.scope).href : request.url;
  const known = await cache.match(path, { ignoreSearch: true });
  if (known && request.mode !== "navigate") return withHeaders(known);
  try {
    return withHeaders(await fetch(request));
  } catch (error) {
    if (known) return withHeaders(known);
    throw error;
  }
}

function withHeaders(response: Response): Response {
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
