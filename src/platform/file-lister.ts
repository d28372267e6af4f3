import type { Files } from "./contract.ts";

/** `listFiles` of a platform, by its own functions. */
export const fileLister = ({ listFolder, isFolder }: Pick<Files, "listFolder" | "isFolder">) =>
  async function listFiles(path: string): Promise<string[]> {
    const names: string[] = [];
    for (const name of await listFolder(path)) {
      const inside = `${path}/${name}`;
      if (await isFolder(inside)) names.push(...(await listFiles(inside)).map((file) => `${name}/${file}`));
      else names.push(name);
    }
    return names;
  };
