import { withoutCredentials } from '../platform/urls.ts';
import { createRequestInit, redirectStatuses } from '../transports/fetch.ts';
import type { TransportRequest } from '../transport.ts';
import type { Options } from './options.ts';

/** As many as Fetch follows. */
const redirectLimit = 20;

/** To ask again is futile. */
export class UnfollowableRedirectError extends TypeError {}

/** Sends one request as the options say. Rejects as fetch does, or with what the headers function threw. */
export async function send(
  request: TransportRequest,
  signal: AbortSignal,
  options: Options
): Promise<Response> {
  // The source may be closed at once, while the headers are fetched, or between two redirects.
  const throwIfClosed = (): void => {
    if (signal.aborted) throw new TypeError('the source was closed');
  };
  const fetchIt = async (url: string, init: RequestInit): Promise<Response> => {
    throwIfClosed();
    const response = await (options.fetch ?? fetch)(url, init);
    if (typeof response?.headers?.get !== 'function' || response.bodyUsed || response.body?.locked) {
      throw new TypeError('what fetch fulfilled with is no Response, or one that was read');
    }
    if (response.type === 'error') throw new TypeError('what fetch fulfilled with is a network error');
    // That of node-fetch and its kind.
    if (response.body && typeof response.body.getReader !== 'function') {
      throw new TypeError('what fetch fulfilled with has a body that is no ReadableStream');
    }
    return response;
  };
  const init = createRequestInit(request.url, request, signal);
  const standardHeaders = init.headers as Record<string, string>;
  let url = withoutCredentials(request.url);
  // What a data: or blob: URL has no query for, it has no use for either.
  if (options.lastEventIdParameter !== undefined && request.lastEventIdString !== '' && /^http/.test(url)) {
    delete standardHeaders['Last-Event-ID'];
    const withParameter = new URL(url);
    const { searchParams } = withParameter;
    const name = options.lastEventIdParameter;
    // To set one writes all of them anew, which a signature of the URL may not survive.
    if (searchParams.has(name)) searchParams.set(name, request.lastEventIdString);
    else {
      const parameter = new URLSearchParams([[name, request.lastEventIdString]]);
      withParameter.search += `${withParameter.search && '&'}${parameter.toString()}`;
    }
    url = withParameter.href;
  }
  // The page's functions may use the source, whose constructor has to return first.
  await Promise.resolve();
  throwIfClosed();
  const { headers: source } = options;
  const given = typeof source === 'function' ? await source() : source;
  if (options.method !== undefined) init.method = options.method;
  if (options.body !== undefined) init.body = options.body as BodyInit;
  if (given === undefined && init.body === undefined && !init.redirect) return fetchIt(url, init);

  const headers = new Headers(given);
  for (const [name, value] of Object.entries(standardHeaders)) {
    // The page's own stand; but the last event ID is the source's to know.
    if (name === 'Last-Event-ID' || !headers.has(name)) headers.set(name, value);
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
    const target = new URL(decodeUtf8(location), url);
    if (!/^https?:$/.test(target.protocol)) throw new TypeError(`a redirect to ${target.protocol}`);
    if (becomesGet(response.status, init.method)) {
      delete init.method;
      delete init.body;
      for (const name of bodyHeaders) headers.delete(name);
    }
    if (target.origin !== new URL(url).origin) leaveOrigin(init, standardHeaders);
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
  if (init.body !== undefined) throw new UnfollowableRedirectError('a request with a body was redirected');
  // To find out would already do what it asks for, and to send the real one do it again.
  if (!/^(get|head)$/i.test(init.method ?? 'GET'))
    throw new UnfollowableRedirectError(`a ${init.method} was redirected`);
  const bare: RequestInit = { ...init, redirect: 'follow' };
  leaveOrigin(bare, standardHeaders);
  const response = await fetchIt(url, bare);
  if (!response.redirected) {
    await response.body?.cancel();
    throw new UnfollowableRedirectError(
      'only the request with these headers was redirected: a browser does not say to where'
    );
  }
  if (new URL(response.url).origin !== new URL(url).origin) return response;
  await response.body?.cancel();
  return fetchIt(response.url, { ...init, redirect: 'error' });
}

/** A header value has one character per byte; what is not UTF-8, or was decoded already, stays as it is. */
function decodeUtf8(value: string): string {
  try {
    return decodeURIComponent(escape(value));
  } catch {
    return value;
  }
}

/** https://fetch.spec.whatwg.org/#request-body-header-name */
const bodyHeaders = ['Content-Encoding', 'Content-Language', 'Content-Location', 'Content-Type'];

/** https://fetch.spec.whatwg.org/#http-redirect-fetch */
function becomesGet(status: number, method = 'GET'): boolean {
  return status === 303 ? !/^(get|head)$/i.test(method) : status < 303 && /^post$/i.test(method);
}

/** Takes from a request what must not reach another origin. */
function leaveOrigin(init: RequestInit, standardHeaders: Record<string, string>): void {
  if (init.body !== undefined)
    throw new UnfollowableRedirectError('a request with a body was redirected to another origin');
  // It has the credentials of the URL.
  delete standardHeaders.Authorization;
  init.headers = standardHeaders;
  init.credentials = 'omit';
}
