export async function copyTokenizer(_a: string, _b: string, _c: readonly string[]): Promise<void> {}
