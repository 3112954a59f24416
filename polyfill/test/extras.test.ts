import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { JSDOM } from 'jsdom';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFixturesServer, type FixturesServer } from '../../fixtures-server/server.ts';
import type { ConnectionScript } from '../../fixtures-server/stream-script.ts';
import {
  EventSource,
  StandardEventSource,
  type ErrorDetails,
  type ExtendedEventSourceInit,
  type ReconnectionOptions,
  type ResponseInfo
} from '../index.ts';
import { createRequestInit } from '../transports/fetch.ts';

let server: FixturesServer;
let count = 0;
beforeAll(async () => {
  server = await createFixturesServer({ ports: [0, 0] });
});
afterAll(() => server.close());

type Source = InstanceType<typeof EventSource>;
type ErrorEvent = Event & ErrorDetails;

/** Plays connections to a new source; `until` answers true when enough was seen. */
async function play(
  connections: ConnectionScript[],
  init: ExtendedEventSourceInit,
  until: (seen: string[], source: Source) => boolean
) {
  const id = `extras-${++count}`;
  server.addCases([{ id, connections }]);
  const source = new EventSource(`${server.origins[0]}/sse/t/${id}`, init);
  const seen: string[] = [];
  const errors: ErrorEvent[] = [];
  await new Promise<void>((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`saw only ${seen.join(', ')}`)), 3000);
    const look = () => {
      if (!until(seen, source)) return;
      clearTimeout(limit);
      resolve();
    };
    source.onopen = () => {
      seen.push('open');
      look();
    };
    source.onmessage = (event) => {
      seen.push(`message ${String(event.data)} ${event.lastEventId}`.trim());
      look();
    };
    source.onerror = (event) => {
      errors.push(event as ErrorEvent);
      seen.push(`error ${source.readyState}`);
      look();
    };
  });
  source.close();
  const requests = server.requests('t', id).map((request) => ({
    ...request,
    headers: Object.fromEntries(request.headers.map(([name, value]) => [name.toLowerCase(), value]))
  }));
  return { seen, errors, requests, source };
}

const closed = (_seen: string[], source: Source) => source.readyState === 2;
const ended: ConnectionScript = { stream: ['retry: 1\n\n'], end: 'close' };
const message: ConnectionScript = { stream: ['data: a\n\n'] };
const redirect = (status: number, to: string): ConnectionScript => ({
  status,
  headers: { Location: to },
  framing: { contentLength: 0 },
  end: 'close'
});

describe('headers', () => {
  it('are sent with the standard ones', async () => {
    const { requests } = await play(
      [message],
      { headers: { Authorization: 'x', 'Last-Event-ID': 'mine', 'Cache-Control': 'no-store' } },
      (seen) => seen.length > 1
    );
    expect(requests[0]!.headers).toMatchObject({
      authorization: 'x',
      accept: 'text/event-stream',
      'cache-control': 'no-store',
      pragma: 'no-cache'
    });
    // HTTP tells clients not to send it without a Range; over XHR it stands for the cache mode.
    expect(requests[0]!.headers['if-range']).toBeUndefined();
  });

  it('that are an iterator are sent with every attempt', async () => {
    const headers = new Headers({ token: 'x' }).entries() as unknown as HeadersInit;
    const { requests } = await play([ended, message], { headers }, (seen) => seen.includes('message a'));
    expect(requests.map((request) => request.headers.token)).toEqual(['x', 'x']);
  });

  it('are asked for before every attempt, synchronously or not', async () => {
    let attempt = 0;
    const headers = () =>
      ++attempt === 1 ? { token: 'first' } : Promise.resolve([['token', 'second']] as [string, string][]);
    const { requests } = await play([ended, message], { headers }, (seen) => seen.includes('message a'));
    expect(requests.map((request) => request.headers.token)).toEqual(['first', 'second']);
  });

  it('that cannot be had count as a network error with its cause', async () => {
    const error = new Error('no token');
    const headers = vi.fn().mockRejectedValueOnce(error).mockReturnValue({});
    const { seen, errors } = await play([message], { headers, reconnection: { maxDelay: 5 } }, (seen) =>
      seen.includes('message a')
    );
    expect(seen).toEqual(['error 0', 'open', 'message a']);
    expect(errors[0]).toMatchObject({ cause: error, reconnecting: true, delay: 5 });
  });

  it('follow a redirect within the origin, and never to another', async () => {
    const { requests } = await play(
      [redirect(302, '{url}'), redirect(302, '{other-url}'), message],
      { headers: { secret: 'x', Cookie: 'c=1' } },
      (seen) => seen.includes('message a')
    );
    expect(requests.map((request) => [request.origin, request.headers.secret])).toEqual([
      [server.origins[0], 'x'],
      [server.origins[0], 'x'],
      [server.origins[1], undefined]
    ]);
    expect(requests[2]!.headers).toMatchObject({ accept: 'text/event-stream' });
    expect(requests[2]!.headers.cookie).toBeUndefined();
  });
});

it.each([
  ['of UTF-8', Buffer.from('/é?ü=%20').toString('latin1'), '/%C3%A9?%C3%BC=%20'],
  ['of other bytes', '/\xe9', '/%C3%A9'],
  ['that an engine has decoded', '/€', '/%E2%82%AC']
])('a Location %s leads where fetch would go', async (_what, location, target) => {
  const get = (name: string) => (name === 'Location' ? location : null);
  const fetchIt = vi
    .fn()
    .mockResolvedValueOnce({ status: 302, headers: { get } })
    .mockResolvedValue(new Response(null, { status: 404 }));
  const source = new EventSource('http://a.test/', { headers: { token: 'x' }, fetch: fetchIt });
  await new Promise((resolve) => (source.onerror = resolve));
  expect(fetchIt.mock.calls[1]![0]).toBe(`http://a.test${target}`);
});

it('a POST without a body is not sent again where a browser does not say to where it was redirected', async () => {
  const redirected = { status: 0, type: 'opaqueredirect', headers: new Headers() };
  const fetchIt = vi.fn().mockResolvedValue(redirected);
  const source = new EventSource('http://a.test/', { method: 'POST', headers: {}, fetch: fetchIt });
  const { cause } = await new Promise<ErrorEvent>((resolve) => {
    source.onerror = (event) => resolve(event as ErrorEvent);
  });
  expect(cause).toEqual(new TypeError('a POST was redirected'));
  expect(fetchIt).toHaveBeenCalledOnce();
});

it('a redirect of the request with the headers alone, where a browser does not say to where, is the end', async () => {
  const headers = new Headers();
  const fetchIt = vi
    .fn()
    .mockResolvedValueOnce({ status: 0, type: 'opaqueredirect', headers })
    .mockResolvedValue({ status: 401, redirected: false, url: 'http://a.test/', headers });
  const source = new EventSource('http://a.test/', { headers: { token: 'x' }, fetch: fetchIt });
  const error = await new Promise((resolve) => (source.onerror = resolve));
  expect(error).toMatchObject({ reconnecting: false, cause: { name: 'TypeError' } });
  expect([source.readyState, fetchIt.mock.calls.length]).toEqual([2, 2]);
});

it('the credentials of a URL do not follow a redirect to another origin either', async () => {
  const id = `extras-${++count}`;
  server.addCases([{ id, connections: [redirect(302, '{other-url}'), message] }]);
  const source = new EventSource(`${server.origins[0]!.replace('//', '//me:pass@')}/sse/t/${id}`, {
    headers: { token: 'x' }
  });
  await new Promise((resolve) => (source.onmessage = resolve));
  source.close();
  const authorizations = server
    .requests('t', id)
    .map(({ headers }) => headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1]);
  expect(authorizations).toEqual([`Basic ${btoa('me:pass')}`, undefined]);
});

it('the credentials of a URL follow a redirect where fetch tells a page of jsdom where it leads, to the same origin alone', async () => {
  const id = `extras-${++count}`;
  server.addCases([
    {
      id,
      connections: [redirect(302, '{url}'), redirect(302, '{url}'), redirect(302, '{other-url}'), message]
    }
  ]);
  vi.stubGlobal('location', { href: server.origins[0] });
  try {
    const source = new EventSource(`${server.origins[0]!.replace('//', '//me:pass@')}/sse/t/${id}`);
    const { type } = await new Promise<Event>((resolve) => (source.onmessage = source.onerror = resolve));
    expect(type).toBe('message');
    source.close();
  } finally {
    vi.unstubAllGlobals();
  }
  const authorizations = server
    .requests('t', id)
    .map(({ headers }) => headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1]);
  const authorization = `Basic ${btoa('me:pass')}`;
  expect(authorizations).toEqual([authorization, authorization, authorization, undefined]);
});

it.each([null, {}, { href: '' }])('in Node a location without a URL is none: %j', async (location) => {
  const id = `extras-${++count}`;
  server.addCases([{ id, connections: [message] }]);
  vi.stubGlobal('location', location);
  try {
    const request = { url: '', lastEventIdString: '', withCredentials: false };
    expect(
      createRequestInit('http://a.example/', request, new AbortController().signal).headers
    ).toHaveProperty('Cache-Control');
    for (const [url, first] of [
      [`${server.origins[0]!.replace('//', '//me:pass@')}/sse/t/${id}`, 'message'],
      // Nobody listens there.
      ['http://127.0.0.1:9/', 'error']
    ] as const) {
      const source = new EventSource(url);
      const { type } = await new Promise<Event>((resolve) => (source.onmessage = source.onerror = resolve));
      expect([type, source.readyState]).toEqual([first, first === 'error' ? 0 : 1]);
      source.close();
    }
  } finally {
    vi.unstubAllGlobals();
  }
});

it.each([{}, { method: 'GET' }])(
  'a browser follows no redirect with the credentials of a URL: %j',
  async (init: ExtendedEventSourceInit) => {
    vi.stubGlobal('location', { href: 'http://a.test/' });
    const fetchIt = vi.fn((_url: string, { redirect = 'follow' }: RequestInit) =>
      Promise.resolve(
        redirect === 'manual'
          ? { status: 0, type: 'opaqueredirect', headers: new Headers() }
          : Object.defineProperty(new Response(), 'url', { value: 'http://b.test/' })
      )
    );
    vi.stubGlobal('fetch', fetchIt);
    try {
      const source = new EventSource('http://me:pass@a.test/', init);
      await new Promise((resolve) => (source.onerror = resolve));
      source.close();
    } finally {
      vi.unstubAllGlobals();
    }
    const requests = fetchIt.mock.calls.map(([url, { redirect = 'follow', headers }]) => [
      url,
      redirect,
      new Headers(headers).get('Authorization')
    ]);
    expect(requests).toEqual([
      ['http://a.test/', 'manual', `Basic ${btoa('me:pass')}`],
      ['http://a.test/', 'follow', null]
    ]);
  }
);

describe('method and body', () => {
  it('are sent, and the request is not tried again', async () => {
    const { requests, seen, errors } = await play(
      [{ ...message, end: 'close' }],
      { method: 'POST', body: '{}' },
      closed
    );
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'POST', headers: { 'content-length': '2' } });
    expect(seen).toEqual(['open', 'message a', 'error 2']);
    expect(errors[0]).toMatchObject({ reconnecting: false, status: 200 });
    expect(errors[0]!.delay).toBeUndefined();
  });

  it('are sent again if reconnection is asked for', async () => {
    const { requests } = await play(
      [ended, message],
      { method: 'POST', body: 'x', reconnection: true },
      (seen) => seen.includes('message a')
    );
    expect(requests.map((request) => request.method)).toEqual(['POST', 'POST']);
  });

  it.each([
    ['POST', 307, 'POST'],
    ['POST', 302, undefined],
    ['PUT', 301, 'PUT'],
    ['PUT', 303, undefined]
  ])('%s follows a %i within the origin as fetch does', async (method, status, left) => {
    const { requests } = await play(
      [redirect(status, '{url}'), message],
      { method, body: 'x', headers: { 'Content-Type': 'text/x' } },
      (seen) => seen.includes('message a')
    );
    expect(requests[1]).toMatchObject({ method: left ?? 'GET' });
    expect(requests[1]!.headers['content-type']).toBe(left && 'text/x');
    expect(requests[1]!.headers['content-length']).toBe(left && '1');
  });

  it('do not follow a redirect to another origin', async () => {
    const { requests, errors } = await play(
      [redirect(307, '{other-url}'), message],
      { method: 'POST', body: 'x' },
      closed
    );
    expect(requests).toHaveLength(1);
    expect(errors[0]!.cause).toMatchObject({
      message: 'a request with a body was redirected to another origin'
    });
  });
});

it('a redirect to another scheme is a network error', async () => {
  const { errors } = await play(
    [redirect(302, 'data:text/event-stream,data:a%0A%0A')],
    { headers: {}, reconnection: false },
    closed
  );
  expect(errors[0]!.cause).toMatchObject({ message: 'a redirect to data:' });
});

it.each([
  ['nothing', () => Promise.resolve(undefined)],
  [
    'a response that was read',
    async () => {
      const response = Response.json({});
      await response.text();
      return response;
    }
  ],
  [
    'a response whose body is a stream of Node',
    () => Promise.resolve({ status: 200, headers: new Headers(), body: Readable.from([]) })
  ],
  ['a network error', () => Promise.resolve(Response.error())],
  [
    'an error',
    () => {
      throw new Error('no fetch today');
    }
  ]
])('fetch that answers %s counts as a network error', async (_what, fetchIt) => {
  const { errors } = await play(
    [message],
    { fetch: fetchIt as unknown as typeof fetch, reconnection: false },
    closed
  );
  expect(errors[0]!.cause).toMatchObject({
    message: expect.stringMatching(/no Response|no ReadableStream|network error|no fetch today/)
  });
});

it('the functions of the page are called when the source is there', async () => {
  const calls: unknown[] = [];
  const source = new EventSource('http://a.test/', {
    headers(this: unknown) {
      calls.push(this, source.readyState);
      return {};
    },
    fetch(this: unknown) {
      calls.push(this, source.readyState);
      return Promise.resolve(new Response(null, { status: 404 }));
    }
  });
  await new Promise((resolve) => (source.onerror = resolve));
  // As Web IDL calls callback functions.
  expect(calls).toEqual([undefined, 0, undefined, 0]);
});

it('a source that was closed at once asks for no headers', async () => {
  const headers = vi.fn();
  new EventSource('http://a.test/', { headers }).close();
  await new Promise(setImmediate);
  expect(headers).not.toHaveBeenCalled();
});

it('a source that was closed while its headers were fetched sends no request', async () => {
  const fetchIt = vi.fn(fetch);
  let give: (headers: HeadersInit) => void;
  const source = new EventSource(server.origins[0]!, {
    fetch: fetchIt,
    headers: () => new Promise((resolve) => (give = resolve))
  });
  await vi.waitFor(() => expect(give).toBeDefined());
  source.close();
  give!({});
  await new Promise(setImmediate);
  expect(fetchIt).not.toHaveBeenCalled();
});

it('a body is read no further once the source is closed, though fetch takes no notice of its signal', async () => {
  const pull = vi.fn((controller: ReadableStreamDefaultController<Uint8Array>) =>
    controller.enqueue(Buffer.from('data: a\n\n'))
  );
  const headers = { 'Content-Type': 'text/event-stream' };
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(new ReadableStream({ pull }), { headers })));
  const source = new StandardEventSource(server.origins[0]!);
  await new Promise((resolve) => (source.onmessage = resolve));
  source.close();
  vi.unstubAllGlobals();
  const pulls = pull.mock.calls.length;
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  // What had been asked for, and what the stream holds ahead.
  expect(pull.mock.calls.length).toBeLessThanOrEqual(pulls + 2);
});

it.each([
  ['is closed', 200, false],
  ['fails', 404, false],
  ['was closed before it came', 200, true]
])(
  'a body of a fetch that takes no notice of its signal is cancelled when the source %s',
  async (_when, status, early) => {
    const cancel = vi.fn();
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) =>
      controller.enqueue(Buffer.from('data: a\n\n'));
    const headers = { 'Content-Type': 'text/event-stream' };
    const source = new EventSource('http://a.test/', {
      fetch() {
        if (early) source.close();
        return Promise.resolve(new Response(new ReadableStream({ start, cancel }), { status, headers }));
      }
    });
    source.onmessage = () => source.close();
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce());
    expect(source.readyState).toBe(2);
  }
);

it("a body is cancelled when the source is closed: Deno's fetch keeps connections in spite of its signal", async () => {
  const cancel = vi.fn();
  const start = (controller: ReadableStreamDefaultController<Uint8Array>) =>
    controller.enqueue(Buffer.from('data: a\n\n'));
  const headers = { 'Content-Type': 'text/event-stream' };
  vi.stubGlobal('fetch', () =>
    Promise.resolve(new Response(new ReadableStream({ start, cancel }), { headers }))
  );
  const source = new StandardEventSource(server.origins[0]!);
  await new Promise((resolve) => (source.onmessage = resolve));
  vi.unstubAllGlobals();
  source.close();
  await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce());
});

it('a body that is not made of bytes is a network error with its cause', async () => {
  const source = new EventSource('http://a.test/', {
    reconnection: false,
    fetch: () =>
      Promise.resolve({
        status: 200,
        url: '',
        headers: new Headers({ 'Content-Type': 'text/event-stream' }),
        body: new ReadableStream({ start: (controller) => controller.enqueue('data: a\n\n' as never) })
      } as Response)
  });
  const error = await new Promise<ErrorEvent>(
    (resolve) => (source.onerror = (event) => resolve(event as ErrorEvent))
  );
  expect(source.readyState).toBe(2);
  expect(error.cause).toBeInstanceOf(TypeError);
});

it('a message of a response whose URL cannot be parsed has no origin', async () => {
  const headers = { 'Content-Type': 'text/event-stream' };
  const source = new EventSource('http://a.test/', {
    fetch: () =>
      Promise.resolve(Object.defineProperty(new Response('data: a\n\n', { headers }), 'url', { value: '/b' }))
  });
  const message = await new Promise<MessageEvent>((resolve) => (source.onmessage = resolve));
  source.close();
  expect(message).toMatchObject({ data: 'a', origin: '' });
});

it('options that need a fetch fail with that cause where it does not stream, but for one that is given', async () => {
  const { XMLHttpRequest } = new JSDOM('', { url: server.origins[0]! }).window;
  const fetchIt = vi.fn(fetch);
  vi.stubGlobal('XMLHttpRequest', XMLHttpRequest);
  vi.stubGlobal('fetch', undefined);
  try {
    const { seen, errors } = await play([message], { headers: {} }, closed);
    expect(seen).toEqual(['error 2']);
    expect(errors[0]!.cause).toMatchObject({ message: expect.stringContaining('need a fetch that streams') });
    await play([message], { headers: {}, fetch: fetchIt }, (seen) => seen.includes('message a'));
  } finally {
    vi.unstubAllGlobals();
  }
});

it('fetch stands in for the global one', async () => {
  const fetchIt = vi.fn((url: string, init: RequestInit) => fetch(url, init));
  const { requests } = await play([message], { fetch: fetchIt }, (seen) => seen.includes('message a'));
  expect(fetchIt).toHaveBeenCalledOnce();
  expect(requests).toHaveLength(1);
});

describe('the last event ID', () => {
  it('can be given to begin with', async () => {
    const { requests, seen } = await play([message], { lastEventId: 'é7😀' }, (seen) => seen.length > 1);
    expect(requests[0]!.headers['last-event-id']).toBe(Buffer.from('é7😀').toString('latin1'));
    expect(seen).toEqual(['open', 'message a é7😀']);
  });

  it('can go into the query', async () => {
    const { requests } = await play(
      [message],
      { lastEventId: 'a b', lastEventIdParameter: 'after' },
      (seen) => seen.length > 1
    );
    expect(requests[0]!.target).toMatch(/\?after=a\+b$/);
    expect(requests[0]!.headers['last-event-id']).toBeUndefined();
  });

  it('leaves the query that the page has given as it is', async () => {
    const asked: string[] = [];
    const source = new EventSource('http://a.test/?sig=a%20b~c&flag#x', {
      lastEventId: '7',
      lastEventIdParameter: 'last',
      fetch(url) {
        asked.push(String(url));
        return Promise.resolve(new Response(null, { status: 204 }));
      }
    });
    await new Promise((resolve) => (source.onerror = resolve));
    expect(asked).toEqual(['http://a.test/?sig=a%20b~c&flag&last=7#x']);
  });

  it('is in the query from the first reconnection on that has one', async () => {
    const { requests } = await play(
      [{ stream: ['retry: 1\nid: é\ndata: b\n\n'], end: 'close' }, message],
      { lastEventIdParameter: 'after' },
      (seen) => seen.includes('message a é')
    );
    expect(requests.map(({ target }) => target.split('?')[1])).toEqual([undefined, 'after=%C3%A9']);
  });
});

it.each(['data:text/event-stream,data:a%0A%0A', 'blob:'])(
  'no last event ID goes into the query of %s',
  async (url) => {
    const asked: string[] = [];
    const given = url === 'blob:' ? URL.createObjectURL(new Blob(['data: a\n\n'])) : url;
    const source = new EventSource(given, {
      lastEventId: '1',
      lastEventIdParameter: 'after',
      fetch(url) {
        asked.push(url);
        return new Promise(() => {});
      }
    });
    await vi.waitFor(() => expect(asked).toEqual([given]));
    source.close();
  }
);

it.each([
  ['fulfils with what is no response', () => Promise.resolve({})],
  [
    'fulfils with one that is being read',
    () => {
      const response = new Response('a', { headers: { 'Content-Type': 'text/event-stream' } });
      response.body!.getReader();
      return Promise.resolve(response);
    }
  ],
  ['answers no promise', () => undefined],
  [
    'throws',
    () => {
      throw new Error('offline');
    }
  ]
])(
  'where a page put a fetch that %s in place of the global one, that is a network error',
  async (_name, fetchIt) => {
    vi.stubGlobal('fetch', fetchIt);
    try {
      const source = new StandardEventSource('http://a.test/');
      await new Promise((resolve) => (source.onerror = resolve));
      expect(source.readyState).toBe(0);
      source.close();
    } finally {
      vi.unstubAllGlobals();
    }
  }
);

describe('signal', () => {
  it('closes the source', async () => {
    const controller = new AbortController();
    const { source } = await play(
      [message],
      { signal: controller.signal },
      (seen) => seen.includes('message a') && (controller.abort(), true)
    );
    expect(source.readyState).toBe(2);
  });

  it.each([
    ['closed', { stream: ['data: a\n\n'] }],
    ['failed', { status: 404, end: 'close' }]
  ] as [string, ConnectionScript][])(
    'is not listened to by a source that was %s',
    async (_how, connection) => {
      const { signal } = new AbortController();
      let listeners = 0;
      await play([connection], { signal }, (seen) => {
        listeners ||= getEventListeners(signal, 'abort').length;
        return seen.some((line) => /message|error 2/.test(line));
      });
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
      expect(listeners).toBe(_how === 'closed' ? 1 : 0);
    }
  );

  it('closes a source that has another close by now', () => {
    const controller = new AbortController();
    const source = new EventSource(server.origins[0]!, { signal: controller.signal });
    source.close = () => {};
    controller.abort();
    expect(source.readyState).toBe(2);
  });

  it('that is aborted already lets no request go out', async () => {
    const fetchIt = vi.fn();
    const source = new EventSource(server.origins[0]!, { signal: AbortSignal.abort(), fetch: fetchIt });
    expect(source.readyState).toBe(2);
    const failed = vi.fn();
    source.onerror = failed;
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect([fetchIt.mock.calls, failed.mock.calls]).toEqual([[], []]);
  });
});

describe('heartbeatTimeout', () => {
  it('ends an attempt without bytes, also before its head', async () => {
    const { seen, errors, requests } = await play(
      [{ stream: ['retry: 1\n\n'] }, { delay: 2000 }, message],
      { heartbeatTimeout: 80 },
      (seen) => seen.includes('message a')
    );
    expect(seen).toEqual(['open', 'error 0', 'error 0', 'open', 'message a']);
    expect(errors[0]!.cause).toMatchObject({ message: 'no byte within 80 ms' });
    expect(requests).toHaveLength(3);
  });

  it('counts what came while a listener was busy', async () => {
    const { seen } = await play(
      [
        {
          stream: [
            'data: 1\n\n',
            ...Array.from({ length: 30 }, () => [{ pause: 20 }, ':\n']).flat(),
            'data: 2\n\n'
          ]
        }
      ],
      { heartbeatTimeout: 200 },
      (seen) => {
        for (const start = performance.now(); seen.length === 2 && performance.now() - start < 400;);
        return seen.length === 3;
      }
    );
    expect(seen).toEqual(['open', 'message 1', 'message 2']);
  });

  it('counts no time in which events wait for listeners that are slow', async () => {
    // As in browsers, where timers run between messages.
    class MessageChannel {
      listeners: ((event: object) => void)[] = [];
      port1 = {
        addEventListener: (_type: string, listener: () => void) => this.listeners.push(listener),
        start() {}
      };
      port2 = {
        postMessage: () =>
          setTimeout(() => {
            let isStopped = false;
            const stopImmediatePropagation = () => (isStopped = true);
            this.listeners.forEach((listen) => isStopped || listen({ stopImmediatePropagation }));
          })
      };
    }
    vi.resetModules();
    vi.stubGlobal('setImmediate', undefined);
    vi.stubGlobal('MessageChannel', MessageChannel);
    const { EventSource } = await import('../index.ts');
    const response = new Response('data\n\n'.repeat(8), { headers: { 'Content-Type': 'text/event-stream' } });
    const fetchIt = () => Promise.resolve(response);
    const source = new EventSource('http://a.test/', { heartbeatTimeout: 50, fetch: fetchIt });
    let messages = 0;
    source.onmessage = () => {
      messages++;
      for (const start = performance.now(); performance.now() - start < 20;);
    };
    const { cause } = await new Promise<ErrorEvent>((resolve) => {
      source.onerror = (event) => resolve(event as ErrorEvent);
    }).finally(() => vi.unstubAllGlobals());
    source.close();
    expect([messages, cause]).toEqual([8, undefined]);
  });

  it('counts any byte, of comments too', async () => {
    const { seen } = await play(
      [{ stream: [':', { pause: 100 }, ' ', { pause: 100 }, '\n', { pause: 100 }, 'data: a\n\n'] }],
      { heartbeatTimeout: 250 },
      (seen) => seen.length > 1
    );
    expect(seen).toEqual(['open', 'message a']);
  });
});

describe('reconnection', () => {
  it('can be refused', async () => {
    const { seen, requests } = await play([ended, message], { reconnection: false }, closed);
    expect(seen).toEqual(['open', 'error 2']);
    expect(requests).toHaveLength(1);
  });

  it('stops after as many fruitless attempts', async () => {
    const { seen } = await play(
      [ended, { stream: ['data: a\n\n'], end: 'close' }, ended, ended, message],
      { reconnection: { maxAttempts: 2 } },
      closed
    );
    expect(seen).toEqual([
      'open',
      'error 0',
      'open',
      'message a',
      'error 0',
      'open',
      'error 0',
      'open',
      'error 2'
    ]);
  });

  it('has bounds, growth and jitter', async () => {
    const { errors } = await play(
      [ended, ended, ended, ended, message],
      { reconnection: { minDelay: 10, maxDelay: 50, factor: 2 } },
      (seen) => seen.includes('message a')
    );
    expect(errors.map((error) => error.delay)).toEqual([10, 20, 40, 50]);
    const { errors: jittered } = await play(
      [{ stream: ['retry: 100\n\n'], end: 'close' }, message],
      { reconnection: { jitter: 0.5 } },
      (seen) => seen.includes('message a')
    );
    expect(jittered[0]!.delay).toBeGreaterThanOrEqual(50);
    expect(jittered[0]!.delay).toBeLessThanOrEqual(100);
  });

  it('tells no longer delay than a timer takes', async () => {
    const { errors } = await play(
      [{ stream: ['retry: 1000000000000\n\n'], end: 'close' }],
      {},
      (seen) => seen.length > 1
    );
    expect(errors[0]!.delay).toBe(0x7fffffff);
  });

  it('waits no shorter than minDelay with jitter either', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.9);
    const { errors } = await play(
      [ended, ended, ended, message],
      { reconnection: { minDelay: 10, maxDelay: 30, factor: 4, jitter: 0.5 } },
      (seen) => seen.includes('message a')
    ).finally(() => vi.restoreAllMocks());
    expect(errors.map(({ delay }) => delay)).toEqual([10, 16.5, 16.5]);
  });

  it('counts what came in together with the end as delivered', async () => {
    const { XMLHttpRequest } = new JSDOM('', { url: server.origins[0]! }).window;
    vi.stubGlobal('XMLHttpRequest', XMLHttpRequest);
    vi.stubGlobal('fetch', undefined);
    try {
      const { seen } = await play(
        [{ stream: ['retry: 1\ndata: b\n\n'], end: 'close' }, message],
        { reconnection: { maxAttempts: 1 } },
        (seen, source) => seen.includes('message a') || source.readyState === 2
      );
      expect(seen).toEqual(['open', 'message b', 'error 0', 'open', 'message a']);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('is what shouldReconnect says over XMLHttpRequest too', async () => {
    const { XMLHttpRequest } = new JSDOM('', { url: server.origins[0]! }).window;
    const shouldReconnect = vi.fn().mockReturnValueOnce(true);
    vi.stubGlobal('XMLHttpRequest', XMLHttpRequest);
    vi.stubGlobal('fetch', undefined);
    try {
      const { seen, requests } = await play(
        [
          { status: 503, headers: { 'Content-Type': 'text/x' }, end: 'close' },
          { status: 404, end: 'close' }
        ],
        { reconnection: { shouldReconnect, maxDelay: 5 } },
        closed
      );
      expect(seen).toEqual(['error 0', 'error 2']);
      // As after any answer, no cache may give the next.
      expect(requests[1]!.headers['cache-control']).toBe('no-cache');
      const [[{ status, headers, url }]] = shouldReconnect.mock.calls as [[ResponseInfo]];
      expect([status, headers.get('Content-Type'), new URL(url).origin]).toEqual([
        503,
        'text/x',
        server.origins[0]
      ]);
      vi.stubGlobal('Headers', undefined);
      const { errors } = await play(
        [{ status: 503, end: 'close' }],
        { reconnection: { shouldReconnect } },
        closed
      );
      expect(errors[0]!.cause).toBeInstanceOf(TypeError);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('never waits a delay that is no number', async () => {
    const { errors } = await play(
      [{ stream: ['retry: 0\n\n'], end: 'close' }, { end: 'close' }, { end: 'close' }, message],
      { reconnection: { factor: Number.MAX_VALUE } },
      (seen) => seen.includes('message a')
    );
    expect(errors.map(({ delay }) => delay)).toEqual([0, 0, 0]);
  });

  it('closes with what shouldReconnect throws', async () => {
    const error = new Error('oops');
    const shouldReconnect = () => {
      throw error;
    };
    const { errors } = await play(
      [{ status: 503, end: 'close' }],
      { reconnection: { shouldReconnect } },
      closed
    );
    expect(errors).toEqual([expect.objectContaining({ cause: error, status: 503, reconnecting: false })]);
  });

  it.each([
    ['no', () => Promise.resolve(false)],
    ['an error', () => Promise.reject(new Error('oops'))]
  ])('closes when shouldReconnect answers a promise of %s', async (_what, answer) => {
    const shouldReconnect = answer as unknown as () => boolean;
    const { errors } = await play(
      [{ status: 404, end: 'close' }],
      { reconnection: { shouldReconnect } },
      (seen) => seen.length > 0
    );
    expect(errors).toMatchObject([
      { cause: new TypeError('reconnection.shouldReconnect answered a promise'), reconnecting: false }
    ]);
  });

  it('after a response that would close is what shouldReconnect says', async () => {
    const unavailable: ConnectionScript = { status: 503, headers: { 'Retry-After': '1' }, end: 'close' };
    const shouldReconnect = vi.fn(({ status }: { status: number }) => status === 503);
    const { seen, errors } = await play(
      [unavailable, { status: 404, end: 'close' }],
      { reconnection: { shouldReconnect, maxDelay: 5 } },
      closed
    );
    expect(seen).toEqual(['error 0', 'error 2']);
    expect(shouldReconnect).toHaveBeenCalledTimes(2);
    expect(errors[0]).toMatchObject({
      status: 503,
      statusText: 'Service Unavailable',
      reconnecting: true,
      delay: 5
    });
    expect(errors[0]!.headers!.get('Retry-After')).toBe('1');
    expect(errors[1]).toMatchObject({ status: 404, reconnecting: false });
  });
});

describe('maxEventSize', () => {
  it.each([
    ['an endless line', ['data: ', { repeat: ['x'], times: 200 }]],
    ['endless data', [{ repeat: ['data: x\n'], times: 200 }]],
    ['one event', [{ repeat: ['data: 12345678\n'], times: 20 }, '\n']]
  ] as const)('closes on %s', async (_name, stream) => {
    const { seen, errors } = await play(
      [{ stream: [...stream] } as ConnectionScript],
      { maxEventSize: 100 },
      closed
    );
    expect(seen).toEqual(['open', 'error 2']);
    expect(errors[0]!.cause).toBeInstanceOf(RangeError);
  });

  it('closes where no Event can be constructed, as in React Native', async () => {
    vi.resetModules();
    for (const name of ['Event', 'MessageEvent', 'EventTarget']) vi.stubGlobal(name, undefined);
    const headers = { 'Content-Type': 'text/event-stream' };
    const fetchIt = () => Promise.resolve(new Response('data: 12\n\n', { headers }));
    try {
      const { EventSource } = await import('../index.ts');
      const source = new EventSource('http://a.test/', { maxEventSize: 1, fetch: fetchIt });
      const { cause } = await new Promise<ErrorEvent>((resolve) => {
        source.onerror = (event) => resolve(event as ErrorEvent);
      });
      expect(cause).toBeInstanceOf(RangeError);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('lets events of that size and any number of them pass', async () => {
    const { seen } = await play(
      [{ stream: [{ repeat: [':\ndata: 1234567890\n\n'], times: 50 }] }],
      { maxEventSize: 10 },
      (seen) => seen.length === 51
    );
    expect(seen[50]).toBe('message 1234567890');
  });

  it('refuses or lets pass the same event, however it is cut', async () => {
    const text = (data: string) => `data: ${data}\nid: 123456\nevent: message\n\n`;
    for (const [data, last] of [
      ['1234567890', 'message 1234567890 123456'],
      ['12345678901', 'error 2']
    ] as const) {
      for (let cut = 1; cut < text(data).length; cut++) {
        const stream = [text(data).slice(0, cut), { pause: 1 }, text(data).slice(cut)];
        const { seen } = await play([{ stream }], { maxEventSize: 10 }, (seen) => seen.length === 2);
        expect([cut, seen[1]]).toEqual([cut, last]);
      }
    }
  });

  it('counts no comment, however long and however it is cut', async () => {
    const { seen } = await play(
      [
        {
          stream: [
            ':',
            { repeat: ['padding '], times: 200 },
            '\ndata: 1\n:',
            { repeat: ['x'], times: 50 },
            '\n\n'
          ]
        }
      ],
      { maxEventSize: 10 },
      (seen) => seen.length === 2
    );
    expect(seen).toEqual(['open', 'message 1']);
  });
});

it('an error without a response has its cause alone', async () => {
  const { errors } = await play([{ head: [], end: 'reset' }], { reconnection: { maxAttempts: 1 } }, closed);
  expect(errors[0]).toMatchObject({ reconnecting: false, cause: expect.any(TypeError) as unknown });
  expect(errors[0]).not.toHaveProperty('status');
});

it('a handler that has a call of its own is called itself', () => {
  const source = new StandardEventSource('no-scheme-that-is-fetched:');
  const handler = Object.assign(vi.fn(), { call: vi.fn() });
  source.onmessage = handler;
  source.dispatchEvent(new MessageEvent('message'));
  source.close();
  expect([handler.mock.contexts, handler.call.mock.calls]).toEqual([[source], []]);
});

it('a handler that is no function is not called, so that nothing is reported', () => {
  const report = vi.fn();
  vi.stubGlobal('reportError', report);
  const source = new StandardEventSource('no-scheme-that-is-fetched:');
  source.onmessage = {} as EventSource['onmessage'];
  source.dispatchEvent(new MessageEvent('message'));
  source.close();
  vi.unstubAllGlobals();
  expect(report).not.toHaveBeenCalled();
});

it('a handler is called once, with all members of a message, in workerd', async () => {
  // Its event target calls what is named on and the type, and its MessageEvent takes the data alone.
  class WorkerdEventTarget extends EventTarget {
    override dispatchEvent(event: Event): boolean {
      (this as unknown as Record<string, ((event: Event) => void) | undefined>)[`on${event.type}`]?.(event);
      return super.dispatchEvent(event);
    }
  }
  class WorkerdMessageEvent extends Event {
    data: unknown;
    lastEventId = '';
    constructor(type: string, init: { data: unknown }) {
      super(type);
      this.data = init.data;
    }
  }
  vi.stubGlobal('EventTarget', WorkerdEventTarget);
  vi.stubGlobal('MessageEvent', WorkerdMessageEvent);
  vi.resetModules();
  const { EventSource } = await import('../index.ts');
  const response = new Response('id: 1\ndata: a\n\n', { headers: { 'Content-Type': 'text/event-stream' } });
  const source = new EventSource('http://a.test/', { fetch: () => Promise.resolve(response) });
  const seen: string[] = [];
  source.onmessage = ({ data, lastEventId, origin }) => seen.push(`${data} ${lastEventId} ${origin}`);
  await new Promise((resolve) => (source.onerror = resolve)).finally(() => vi.unstubAllGlobals());
  source.close();
  expect(seen).toEqual(['a 1 http://a.test']);
});

it('events come where the clock of a test stands in for the timers', async () => {
  vi.useFakeTimers();
  const body = new Response('data\n\n', { headers: { 'Content-Type': 'text/event-stream' } });
  const source = new EventSource('http://a.test/', { fetch: () => Promise.resolve(body) });
  await new Promise((resolve) => (source.onmessage = resolve)).finally(() => vi.useRealTimers());
  source.close();
});

it('without a second argument nothing is added to an error event', async () => {
  const id = `extras-${++count}`;
  server.addCases([{ id, connections: [{ status: 404, end: 'close' }] }]);
  const source = new EventSource(`${server.origins[0]}/sse/t/${id}`);
  const event = await new Promise<Event>((resolve) => (source.onerror = resolve));
  expect(Object.keys(event)).toEqual(Object.keys(new Event('error')));
});

type Wrong = readonly [value: unknown, error: typeof TypeError | typeof RangeError];
type Option =
  Exclude<keyof ExtendedEventSourceInit, 'withCredentials'> | `reconnection.${keyof ReconnectionOptions}`;
const number: Wrong[] = [
  ['5', TypeError],
  [null, TypeError],
  [5n, TypeError],
  [-1, RangeError],
  [NaN, RangeError]
];
const text: Wrong[] = [
  [5, TypeError],
  [null, TypeError],
  [{}, TypeError]
];
const callback: Wrong[] = [
  ['x', TypeError],
  [null, TypeError],
  [{}, TypeError]
];
/** Of every option what is wrong. */
const wrong: Record<Option, Wrong[]> = {
  headers: [
    [5, TypeError],
    [null, TypeError],
    ['a: b', TypeError],
    [Promise.resolve({}), TypeError],
    [{ 'a b': 'x' }, TypeError],
    [{ a: 'x\ny' }, TypeError],
    [[['a']], TypeError]
  ],
  fetch: callback,
  method: [...text, ['a b', TypeError], ['', TypeError], ['TRACE', TypeError], ['connect', TypeError]],
  body: [['x', TypeError]],
  lastEventId: [
    ...text,
    ['a\nb', TypeError],
    ['a\rb', TypeError],
    ['a\0b', TypeError],
    ['\ud800', TypeError]
  ],
  signal: [
    [{}, TypeError],
    [{ aborted: false, addEventListener() {} }, TypeError],
    [null, TypeError],
    [{ aborted: false }, TypeError],
    [true, TypeError]
  ],
  heartbeatTimeout: number,
  maxEventSize: [...number, [0, RangeError]],
  lastEventIdParameter: [...text, ['', TypeError]],
  reconnection: [
    [[], TypeError],
    [5, TypeError],
    [null, TypeError],
    ['yes', TypeError],
    [() => true, TypeError]
  ],
  'reconnection.minDelay': number,
  'reconnection.maxDelay': number,
  'reconnection.factor': [...number, [0.5, RangeError]],
  'reconnection.jitter': [...number, [1.1, RangeError]],
  'reconnection.maxAttempts': [...number, [0, RangeError]],
  'reconnection.shouldReconnect': [...callback, [true, TypeError]]
};

function construct(init: object): () => void {
  return () => new EventSource(server.origins[0]!, init as ExtendedEventSourceInit).close();
}

it.each(
  Object.entries(wrong).flatMap(([name, values]) =>
    values.map(([value, error]) => [name, value, error] as const)
  )
)('%s: %o throws at construction and is named', (name, value, type) => {
  const [outer, inner] = name.split('.') as [string, string?];
  const throwing = construct({ [outer]: inner ? { [inner]: value } : value });
  expect(throwing).toThrow(type);
  expect(throwing).toThrow(name);
});

it.each([
  ['headers', { headers: { next() {} } }],
  ['body', { method: 'POST', body: 5 }],
  ['body', { method: 'POST', body: null }],
  ['body', { method: 'POST', body: { a: 1 } }],
  ['body', { method: 'POST', body: new ReadableStream() }],
  ['body', { method: 'get', body: 'x' }],
  ['reconnection.maxDelay', { reconnection: { minDelay: 5, maxDelay: 4 } }]
])('%s is looked at with the others: %o', (name, init) => {
  expect(construct(init)).toThrow(name);
});

it('headers are named that throw what is no Error', () => {
  const headers = Object.defineProperty({}, 'a', {
    enumerable: true,
    get() {
      throw null;
    }
  });
  expect(construct({ headers })).toThrow('headers');
});

it.each(['x', new Blob(['x']), new ArrayBuffer(1), new Uint8Array(1), new FormData(), new URLSearchParams()])(
  '%o is a body',
  (body) => {
    expect(construct({ method: 'POST', body })).not.toThrow();
  }
);
