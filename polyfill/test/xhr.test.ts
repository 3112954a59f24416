import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StandardEventSource } from '../index.ts';
import { xhrTransport } from '../transports/xhr.ts';

type Handler = (event: { type: string }) => void;

/** What an engine does is called from here; nothing happens by itself. */
class FakeXhr {
  readyState = 1;
  status = 0;
  responseText = '';
  responseURL = '';
  onreadystatechange!: Handler;
  onprogress!: Handler;
  onabort!: Handler;
  onloadend!: Handler;
  open = vi.fn();
  headers: Record<string, string> = {};
  setRequestHeader(name: string, value: string): void {
    if (throwing === 'setRequestHeader') throw new Error('a header that QtWebKit refuses');
    this.headers[name] = value;
  }
  send(): void {
    sent++;
    if (throwing === 'send') throw new Error('a network error, in QtWebKit');
  }
  getResponseHeader = () => 'text/event-stream';
  overrideMimeType? = (): void => {};
  abort(): void {
    this.readyState = 0;
  }
}

let xhr: FakeXhr;
let throwing: 'send' | 'setRequestHeader' | undefined;
let sent: number;
let told: unknown[];
let cancel: () => void;

beforeEach(() => {
  vi.stubGlobal('XMLHttpRequest', function () {
    return (xhr = new FakeXhr());
  });
  vi.stubGlobal('location', { href: 'http://localhost/' });
  vi.useFakeTimers();
  throwing = undefined;
  sent = 0;
  told = [];
  start();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function start(url = 'http://localhost/', wasOpen = false): void {
  const request = { url, withCredentials: false, lastEventIdString: '', isUnanswered: false, wasOpen };
  cancel = xhrTransport(request, {
    onResponse(status) {
      request.isUnanswered = false;
      told.push(status);
    },
    onText: (text) => (text === '' ? 0 : told.push(text) && 0),
    onEnd: (isFutile) => void told.push(isFutile ? 'futile' : 'end')
  });
  request.isUnanswered = true;
}

function advance(readyState: number, status: number, responseText = ''): void {
  Object.assign(xhr, { readyState, status, responseText });
}

it('takes what only progress events tell, as in engines that change to readyState 3 once', () => {
  advance(2, 200);
  xhr.onreadystatechange({ type: 'readystatechange' });
  advance(3, 200, 'data: a\n');
  xhr.onreadystatechange({ type: 'readystatechange' });
  advance(3, 200, 'data: a\n\n');
  xhr.onprogress({ type: 'progress' });
  expect(told).toEqual([200, 'data: a\n', '\n']);
});

it('leaves a sequence for later that jsdom shows as if it had ended', () => {
  advance(3, 200, 'data: \ufffd');
  xhr.onreadystatechange({ type: 'readystatechange' });
  advance(3, 200, 'data: é\n\n');
  xhr.onprogress({ type: 'progress' });
  expect(told).toEqual([200, 'data: ', 'é\n\n']);
});

it('ends once, at the end of loading', () => {
  advance(4, 200, 'data: a\n\n');
  xhr.onreadystatechange({ type: 'readystatechange' });
  xhr.onloadend({ type: 'loadend' });
  expect(told).toEqual([200, 'data: a\n\n', 'end']);
});

it('is futile when the user aborts, as by window.stop()', () => {
  advance(4, 0);
  xhr.onreadystatechange({ type: 'readystatechange' });
  xhr.onabort({ type: 'abort' });
  xhr.onloadend({ type: 'loadend' });
  expect(told).toEqual(['futile']);
});

it('tells nothing of an abort of its own', () => {
  advance(3, 200, 'data: a\n\n');
  xhr.onreadystatechange({ type: 'readystatechange' });
  cancel();
  advance(4, 0);
  xhr.onreadystatechange({ type: 'readystatechange' });
  xhr.onabort({ type: 'abort' });
  xhr.onloadend({ type: 'loadend' });
  expect(told).toEqual([200, 'data: a\n\n']);
});

it('ends a long response behind an event with an id, whatever of the next is there, but only if it has delivered one', () => {
  const long = 'x'.repeat(1_000_001);
  const request = {
    url: 'http://localhost/',
    withCredentials: false,
    lastEventIdString: '1',
    isResumable: true
  };
  let held = 0;
  const onEnd = vi.fn();
  xhrTransport(request, { onResponse() {}, onText: () => held, onEnd });
  advance(3, 200, long);
  xhr.onprogress({ type: 'progress' });
  expect(onEnd).not.toHaveBeenCalled();
  // An event, and the beginning of one that is larger.
  request.isResumable = true;
  held = long.length;
  advance(3, 200, long + long.slice(1));
  xhr.onprogress({ type: 'progress' });
  expect(onEnd).not.toHaveBeenCalled();
  advance(3, 200, long + long);
  xhr.onprogress({ type: 'progress' });
  expect(onEnd).toHaveBeenCalledOnce();
});

it('goes on where the type can no longer be said', () => {
  xhr.overrideMimeType = () => {
    throw new Error('InvalidStateError');
  };
  advance(2, 200);
  xhr.onreadystatechange({ type: 'readystatechange' });
  expect(told).toEqual([200]);
});

it('sends no header for what a page has put on Object.prototype', () => {
  const prototype = Object.prototype as { extend?: () => void };
  prototype.extend = () => {};
  try {
    start();
  } finally {
    delete prototype.extend;
  }
  expect(Object.keys(xhr.headers)).toEqual(['If-Range', 'Accept', 'Cache-Control', 'Pragma']);
});

/** A function that makes an attempt, which is answered from `responseURL`, and says which headers it had. */
function createAttempts(url: string): (responseURL: string) => string[] {
  const request = { url, withCredentials: false, lastEventIdString: '', isUnanswered: false };
  return (responseURL) => {
    xhrTransport(request, {
      onResponse: () => (request.isUnanswered = false),
      onText: () => 0,
      onEnd() {}
    });
    request.isUnanswered = true;
    advance(4, 200);
    Object.assign(xhr, { responseURL }).onreadystatechange({ type: 'readystatechange' });
    return Object.keys(xhr.headers);
  };
}

it('needs no preflight in the attempt after one that was redirected to another origin', () => {
  const attempt = createAttempts('http://localhost/');
  const all = ['If-Range', 'Accept', 'Cache-Control', 'Pragma'];
  expect(attempt('http://example.com/')).toEqual(all);
  expect(attempt('http://localhost/')).toEqual(['Accept']);
  // Of an engine that does not tell.
  expect(attempt('')).toEqual(all);
  expect(attempt('http://example.com/')).toEqual(all);
});

it('needs no preflight at another origin that redirects back', () => {
  const attempt = createAttempts('http://example.com/');
  expect(attempt('http://localhost/')).toEqual(['Accept']);
  expect(attempt('http://localhost/')).toEqual(['Accept']);
});

it('needs no preflight in a sandbox, whose origin is not that of its location', () => {
  vi.stubGlobal('origin', 'null');
  start();
  expect(Object.keys(xhr.headers)).toEqual(['Accept']);
});

it('takes no variable of the page by the name of origin for its origin', () => {
  vi.stubGlobal('origin', 'Berlin');
  start();
  expect(Object.keys(xhr.headers)).toEqual(['If-Range', 'Accept', 'Cache-Control', 'Pragma']);
});

it.each(['send', 'setRequestHeader'] as const)('ends later where %s throws', (method) => {
  throwing = method;
  start();
  expect(told).toEqual([]);
  vi.runAllTimers();
  expect(told).toEqual(['end']);
});

/** An attempt for another origin that ends in a network error, where there is a fetch. */
function startWithFetch(wasOpen?: boolean) {
  let resolve!: (response: Response) => void;
  let reject!: (error: Error) => void;
  const answer = new Promise<Response>((...both) => ([resolve, reject] = both));
  const fetch = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(() => answer);
  vi.stubGlobal('fetch', fetch);
  sent = 0;
  start('http://example.com/', wasOpen);
  failOnce();
  return { fetch, resolve: () => resolve(Response.error()), reject: () => reject(new TypeError('refused')) };
}

function failOnce(): void {
  advance(4, 0);
  xhr.onreadystatechange({ type: 'readystatechange' });
  xhr.onloadend({ type: 'loadend' });
}

it('is futile when a server that answers without CORS is refused twice', async () => {
  const { fetch, resolve } = startWithFetch();
  expect(fetch.mock.calls[0]).toMatchObject(['http://example.com/', { mode: 'no-cors' }]);
  expect(told).toEqual([]);
  resolve();
  await vi.waitUntil(() => sent === 2);
  failOnce();
  expect([told, fetch.mock.calls.length]).toEqual([['futile'], 1]);
  // Nobody can read what it would go on to send.
  vi.runAllTimers();
  expect(fetch.mock.calls[0]![1].signal!.aborted).toBe(true);
});

it('takes what the second request with CORS gets, which is no refusal when it ends', async () => {
  const { resolve } = startWithFetch();
  resolve();
  await vi.waitUntil(() => sent === 2);
  advance(4, 200, 'data: a\n\n');
  xhr.onreadystatechange({ type: 'readystatechange' });
  xhr.onloadend({ type: 'loadend' });
  expect(told).toEqual([200, 'data: a\n\n', 'end']);
});

it('is an outage when nobody answers without CORS either', async () => {
  const { reject } = startWithFetch();
  reject();
  await vi.waitUntil(() => told.length > 0);
  expect([told, sent]).toEqual([['end'], 1]);
});

it('is an outage when nobody answers without CORS within a second', async () => {
  const { fetch, reject } = startWithFetch();
  fetch.mock.calls[0]![1].signal!.addEventListener('abort', reject);
  vi.advanceTimersByTime(999);
  await Promise.resolve();
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  await vi.waitUntil(() => told.length > 0);
  expect([told, sent]).toEqual([['end'], 1]);
});

it('asks nothing more once it is cancelled, or where the source has been open', async () => {
  const { fetch, resolve } = startWithFetch();
  cancel();
  resolve();
  await Promise.resolve();
  await Promise.resolve();
  expect([told, sent]).toEqual([[], 1]);
  expect(fetch.mock.calls[0]![1].signal!.aborted).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  expect([startWithFetch(true).fetch.mock.calls, told]).toEqual([[], ['end']]);
});

it.each([true, false])(
  'asks in React Native for the URL that it was given, though a URL ends with a slash there; tells an origin: %s',
  async (tellsOrigin) => {
    vi.useRealTimers();
    vi.stubGlobal('location', undefined);
    vi.stubGlobal('fetch', undefined);
    vi.stubGlobal('URL', function (url: string) {
      return {
        href: `${url}/`,
        get origin() {
          if (tellsOrigin) return 'https://a.test';
          throw new Error('not implemented');
        }
      };
    });
    vi.stubGlobal('XMLHttpRequest', function () {
      xhr = new FakeXhr();
      delete xhr.overrideMimeType;
      return xhr;
    });
    const source = new StandardEventSource('https://me@A.test/b?c');
    expect(source.url).toBe('https://me@A.test/b?c');
    expect(xhr.open).toHaveBeenCalledExactlyOnceWith('GET', 'https://me@A.test/b?c');
    advance(3, 200, 'data: a\n\n');
    xhr.onprogress({ type: 'progress' });
    const { origin } = await new Promise<MessageEvent>((resolve) => (source.onmessage = resolve));
    source.close();
    expect(origin).toBe('https://a.test');
    vi.stubGlobal('DOMException', undefined);
    expect(() => new StandardEventSource('b')).toThrow(new SyntaxError('b is not a URL'));
  }
);
