/** The parts of a path, without empty ones, `.` and what `..` takes back. */
export function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

/** The folder that a path lies in. */
export const parentFolder = (path: string): string => `/${partsOf(path).slice(0, -1).join("/")}`;

/** The last part of a path. */
export const fileName = (path: string): string => partsOf(path).at(-1) ?? "";

/** The way from a folder to a path: empty when they are the same, beginning with `..` when it is not inside. */
export function relativePath(folder: string, path: string): string {
  const [from, to] = [partsOf(folder), partsOf(path)];
  let shared = 0;
  while (shared < from.length && from[shared] === to[shared]) shared++;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/");
}

/** The one spelling of a path; there are no links here. */
export const canonicalPath = async (path: string): Promise<string> => `/${partsOf(path).join("/")}`;

/** True when a path lies in one of the folders. */
export const liesIn = async (path: string, folders: readonly string[]): Promise<boolean> =>
  folders.some((folder) => {
    const way = relativePath(folder, path);
    return way !== "" && !way.startsWith("..");
  });
