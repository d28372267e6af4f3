export async function saveFull(_f: string, _o: object): Promise<void> {}
