/**
 * Node's modules that serve HTTP, loaded when a server is started: with them the validator, which is part of the same program and
 * serves nothing, takes 10 MB more.
 */
export let http: typeof import('node:http');

export async function loadHttp(): Promise<void> {
  http = await import('node:http');
}
