import { createRequestInit, withoutCredentials } from '../transports/fetch.ts';
import type { TransportRequest } from '../transport.ts';
import type { Options } from './options.ts';

/** As many as Fetch follows. */
const redirectLimit = 20;
const redirectStatuses = [301, 302, 303, 307, 308];

/** Sends one request as the options say. Rejects as fetch does, or with what the headers function threw. */
export async function send(
  request: TransportRequest,
  signal: AbortSignal,
  options: Options
): Promise<Response> {
  const fetchIt = options.fetch ?? ((url, init) => fetch(url, init));
  const init = createRequestInit(request, signal);
  const standardHeaders = init.headers as Record<string, string>;
  let url = withoutCredentials(request.url);
  if (options.lastEventIdParameter !== undefined && request.lastEventId !== '') {
    delete standardHeaders['Last-Event-ID'];
    const withParameter = new URL(url);
    withParameter.searchParams.set(options.lastEventIdParameter, request.lastEventId);
    url = withParameter.href;
  }
  const given = typeof options.headers === 'function' ? await options.headers() : options.headers;
  if (options.method !== undefined) init.method = options.method;
  if (options.body !== undefined) init.body = options.body as BodyInit;
  if (given === undefined && init.body === undefined) return fetchIt(url, init);

  const headers = new Headers(given);
  for (const [name, value] of Object.entries(standardHeaders)) {
    // The page's own Accept stands; the last event ID is the source's to know.
    if (name !== 'Accept' || !headers.has(name)) headers.set(name, value);
  }
  init.headers = headers;
  // Fetch would take headers and body along to other origins.
  init.redirect = 'manual';
  for (let redirects = 0; redirects <= redirectLimit; redirects++) {
    const response = await fetchIt(url, init);
    if (response.type === 'opaqueredirect') return followOpaqueRedirect(url, init, standardHeaders, fetchIt);
    const location = response.headers.get('Location');
    if (!redirectStatuses.includes(response.status) || location === null) return response;
    await response.body?.cancel();
    const target = new URL(location, url);
    if (target.origin !== new URL(url).origin) leaveOrigin(init, standardHeaders);
    if (response.status !== 307 && response.status !== 308 && init.method !== 'HEAD') {
      delete init.method;
      delete init.body;
    }
    url = target.href;
  }
  throw new TypeError('too many redirects');
}

/**
 * A browser does not say where a redirect leads. A request that carries nothing of the page's finds out; if it ended at the same origin, the
 * real one is sent there.
 */
async function followOpaqueRedirect(
  url: string,
  init: RequestInit,
  standardHeaders: Record<string, string>,
  fetchIt: (url: string, init: RequestInit) => Promise<Response>
): Promise<Response> {
  if (init.body !== undefined) throw new TypeError('a request with a body was redirected');
  const bare: RequestInit = { ...init, redirect: 'follow' };
  leaveOrigin(bare, standardHeaders);
  const response = await fetchIt(url, bare);
  if (new URL(response.url).origin !== new URL(url).origin) return response;
  await response.body?.cancel();
  return fetchIt(response.url, { ...init, redirect: 'error' });
}

/** Takes from a request what must not reach another origin. */
function leaveOrigin(init: RequestInit, standardHeaders: Record<string, string>): void {
  if (init.body !== undefined) throw new TypeError('a request with a body was redirected to another origin');
  init.headers = standardHeaders;
  init.credentials = 'omit';
}
