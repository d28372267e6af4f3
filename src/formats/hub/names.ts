/** True for `organisation/name`: the Hub refuses a card that names anything else. */
export const isHubId = (name: string): boolean =>
  /^\w[\w.-]*\/\w[\w.-]*$/.test(name) && !/\.(jsonl?|csv|tsv|txt|parquet|gguf)(\.gz)?$/.test(name);

/** Last part of a path, which says enough and nothing of the machine. */
export const lastPart = (path: string): string => path.split(/[/\\]/).filter(Boolean).at(-1) ?? path;

/** A Hub id as it is; of a path the last part. */
export const shortName = (name: string): string => (isHubId(name) ? name : lastPart(name));
