export async function saveHoulsby(_f: string, _o: object): Promise<void> {}
