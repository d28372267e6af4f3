export async function saveLora(_f: string, _o: object): Promise<void> {}
