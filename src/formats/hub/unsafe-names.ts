import { CheckpointError } from "../../errors.ts";

/** True when a name, read as POSIX or as Windows would, leaves the folder that it is put in. */
export const leadsOut = (name: string): boolean =>
  name === "" || /^[/\\]|^[a-zA-Z]:|\0/.test(name) || name.split(/[/\\]/).includes("..");

/** Names that Windows gives to devices, whatever ending they have. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Bytes of a name that the usual file systems store. */
const NAME_BYTES = 255;

/** Reason why files of these names cannot be stored together on every system; undefined when they can. */
function whyUnwritable(names: readonly string[]): string | undefined {
  const seen = new Map<string, string>();
  for (const name of names) {
    const shown = JSON.stringify(name.slice(0, NAME_BYTES));
    if (new TextEncoder().encode(name).length > NAME_BYTES) return `${shown} is longer than ${NAME_BYTES} bytes`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[\x00-\x1f\x7f<>:"|?*\\]|[. ]$/.test(name)) return `${shown} contains characters that Windows does not allow`;
    if (DEVICE.test(name)) return `${shown} is a device name on Windows`;
    const folded = name.normalize("NFC").toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) return `${shown} and ${JSON.stringify(other)} differ in case only`;
    seen.set(folded, name);
  }
  return undefined;
}

/** Refuses files that not every system can store under their names. @throws {CheckpointError} naming the first. */
export function refuseUnwritable(names: readonly string[], where: string): void {
  const why = whyUnwritable(names);
  if (why === undefined) return;
  throw new CheckpointError(`${where} lists a file that cannot be stored: ${why}`, {
    expected: "names that every file system can store",
    hint: "nothing was downloaded; download the files that you need by hand, and use their folder.",
  });
}
