import { z } from "zod";
import { fileSize, listFiles, sha256File, sha256Text, writeTextAtomic } from "#platform";
import { readJsonObject } from "../../formats/json/json.ts";
import { VERSION } from "../../version.ts";
import type { RunFacts } from "./facts.ts";

/** The file of a checkpoint that is written last. Without it, or when a file is not as it says, there is no checkpoint. */
export const MANIFEST = "manifest.json";

/** Name of a file in the folder, or in a folder in it. */
const FILE = /^(?!\.\.?\/)[^/\\]+(?:\/(?!\.\.?$)[^/\\]+)?$/;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const file = z.strictObject({ bytes: z.int().min(0), sha256: hash });
const facts = z.strictObject({
  recipe: z.record(z.string(), z.json()),
  data: z.record(z.string(), hash),
  labels: z.array(z.string()),
  base: hash,
});
const content = z.strictObject({
  version: z.literal(1),
  library: z.string(),
  step: z.int().min(0),
  /** Absent of a trained model, which no run goes on from. */
  run: facts.optional(),
  files: z.record(z.string().regex(FILE), file),
});

/** The contents of a manifest. */
export type Manifest = z.output<typeof content>;

/** Writes the manifest of a folder: sizes and hashes of all its files, the run that a checkpoint is of, and a hash of its own. */
export async function writeManifest(folder: string, step: number, run?: RunFacts): Promise<void> {
  const files: Manifest["files"] = {};
  for (const name of await listFiles(folder)) {
    const path = `${folder}/${name}`;
    files[name] = { bytes: (await fileSize(path)) ?? 0, sha256: await sha256File(path) };
  }
  const facts = run && { run: run as NonNullable<Manifest["run"]> };
  const content: Manifest = { version: 1, library: VERSION, step, ...facts, files };
  const text = JSON.stringify({ ...content, sha256: await sha256Text(JSON.stringify(content)) }, null, 2);
  await writeTextAtomic(`${folder}/${MANIFEST}`, `${text}\n`);
}

/** Reads a manifest and checks its own hash. @returns why it does not count, when it does not. */
export async function readManifest(folder: string): Promise<Manifest | string> {
  const object = await readJsonObject(`${folder}/${MANIFEST}`).catch(() => undefined);
  if (!object) return `${MANIFEST} is missing or cannot be read`;
  const { sha256, ...rest } = object;
  const parsed = content.safeParse(rest);
  if (!parsed.success || (await sha256Text(JSON.stringify(rest))) !== sha256) return `${MANIFEST} is damaged`;
  return parsed.data;
}

/** Checks every file of a folder against its manifest. @returns the manifest, or why the folder is not whole. */
export async function verifyFolder(folder: string): Promise<Manifest | string> {
  const manifest = await readManifest(folder);
  if (typeof manifest === "string") return manifest;
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const path = `${folder}/${name}`;
    const size = await fileSize(path);
    if (size === undefined) return `${name} is missing`;
    if (size !== bytes) return `${name} has ${size} of ${bytes} bytes`;
    if ((await sha256File(path)) !== sha256) return `${name} is damaged: its SHA-256 is not the one in ${MANIFEST}`;
  }
  return manifest;
}
