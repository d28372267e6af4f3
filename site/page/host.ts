/** What the browser and the server give: files that are dropped, threads, times without a network. */
import type { NamedFile } from "../protocol.ts";

/** Files of a drop, those of folders with their paths. */
export async function filesOf({ items }: DataTransfer): Promise<NamedFile[]> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  return (await Promise.all(entries.map(filesBelow))).flat();
}

async function filesBelow(entry: FileSystemEntry): Promise<NamedFile[]> {
  if (entry.isFile) {
    const blob = await new Promise<File>((found, failed) => (entry as FileSystemFileEntry).file(found, failed));
    return [{ name: entry.fullPath.slice(1), blob }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inner: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((found, failed) => reader.readEntries(found, failed));
    if (some.length === 0) return (await Promise.all(inner.map(filesBelow))).flat();
    inner.push(...some);
  }
}

/** Milliseconds after which the page does without a service worker. */
const MOST_WAIT = 3000;

/** Mark of a page that was reloaded for threads: once is enough. */
const RELOADED = "reloaded for threads";

/**
 * Starts the service worker. On a host without the headers for threads it adds them, for which the page is loaded once more.
 * @returns false when that happens now.
 */
export async function isolated(): Promise<boolean> {
  try {
    await navigator.serviceWorker.register("service-worker.js");
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error("late")), MOST_WAIT));
    await Promise.race([navigator.serviceWorker.ready, late]);
  } catch {
    return true; // a browser that has none, or forbids it, shows the page all the same
  }
  if (crossOriginIsolated || sessionStorage.getItem(RELOADED) !== null) return true;
  sessionStorage.setItem(RELOADED, "yes");
  location.reload();
  return false;
}

/** Has the service worker keep the page's files for times without a network. */
export async function keepOffline(): Promise<void> {
  navigator.serviceWorker?.controller?.postMessage("keep");
}
