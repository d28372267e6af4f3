import type { Environment } from "../contract.ts";

let variables: Environment = {};

/** The variables that the page gave. */
export const environment = (): Environment => variables;

/**
 * Gives this library the variables that Node has of the system: `HF_TOKEN`, `HF_ENDPOINT`, `HF_HUB_OFFLINE`,
 * `HF_HUB_DOWNLOAD_TIMEOUT`. A page has no environment of its own.
 */
export const useEnvironment = (env: Environment): void => {
  variables = { ...env };
};
