import type { IncomingMessage, ServerResponse } from 'node:http';

/** The value of a cookie of the request. */
export function getCookie(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split('; ')) {
    if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1);
  }
  return undefined;
}

/** Sets a cookie for the whole host, or removes it if there is no value. */
export function setCookie(response: ServerResponse, name: string, value?: string): void {
  response.appendHeader(
    'Set-Cookie',
    value === undefined ? `${name}=; Path=/; Max-Age=0` : `${name}=${value}; Path=/`
  );
}
