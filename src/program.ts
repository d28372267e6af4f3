/** The program as it is typed in hints and examples: npx finds it after a local and after a global installation, and in a checkout. */
export const PROGRAM = "npx lowrank";
