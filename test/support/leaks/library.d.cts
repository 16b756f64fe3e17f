export function postThroughLibrary(host: string, text: string): Promise<unknown>;
