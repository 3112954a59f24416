import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFixturesServer, type FixturesServer } from '../../fixtures-server/server.ts';
import type { ConnectionScript } from '../../fixtures-server/stream-script.ts';
import { EventSource, type ErrorDetails, type ExtendedEventSourceInit } from '../index.ts';

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

describe('headers', () => {
  it('are sent with the standard ones', async () => {
    const { requests } = await play(
      [message],
      { headers: { Authorization: 'x', 'Last-Event-ID': 'mine' } },
      (seen) => seen.length > 1
    );
    expect(requests[0]!.headers).toMatchObject({
      authorization: 'x',
      accept: 'text/event-stream',
      'cache-control': 'no-cache'
    });
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
    const redirect = (to: string): ConnectionScript => ({
      status: 302,
      headers: { Location: to },
      framing: { contentLength: 0 },
      end: 'close'
    });
    const { requests } = await play(
      [redirect('{url}'), redirect('{other-url}'), message],
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

  it('do not follow a redirect to another origin', async () => {
    const redirect: ConnectionScript = {
      status: 307,
      headers: { Location: '{other-url}' },
      framing: { contentLength: 0 },
      end: 'close'
    };
    const { requests, errors } = await play([redirect, message], { method: 'POST', body: 'x' }, closed);
    expect(requests).toHaveLength(1);
    expect(errors[0]!.cause).toMatchObject({
      message: 'a request with a body was redirected to another origin'
    });
  });
});

it('fetch stands in for the global one', async () => {
  const fetchIt = vi.fn((url: string, init: RequestInit) => fetch(url, init));
  const { requests } = await play([message], { fetch: fetchIt }, (seen) => seen.includes('message a'));
  expect(fetchIt).toHaveBeenCalledOnce();
  expect(requests).toHaveLength(1);
});

describe('the last event ID', () => {
  it('can be given to begin with', async () => {
    const { requests, seen } = await play([message], { lastEventId: 'é7' }, (seen) => seen.length > 1);
    expect(requests[0]!.headers['last-event-id']).toBe(Buffer.from('é7').toString('latin1'));
    expect(seen).toEqual(['open', 'message a é7']);
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
});

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

  it('that is aborted already lets no request go out', async () => {
    const fetchIt = vi.fn();
    const source = new EventSource(server.origins[0]!, { signal: AbortSignal.abort(), fetch: fetchIt });
    await vi.waitFor(() => expect(source.readyState).toBe(2));
    expect(fetchIt).not.toHaveBeenCalled();
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

  it('counts comments', async () => {
    const { seen } = await play(
      [{ stream: [':\n', { pause: 60 }, ':\n', { pause: 60 }, ':\n', { pause: 60 }, 'data: a\n\n'] }],
      { heartbeatTimeout: 120 },
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
      [ended, message],
      { reconnection: { minDelay: 100, jitter: 0.5 } },
      (seen) => seen.includes('message a')
    );
    expect(jittered[0]!.delay).toBeGreaterThanOrEqual(50);
    expect(jittered[0]!.delay).toBeLessThanOrEqual(100);
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

  it('lets events of that size and any number of them pass', async () => {
    const { seen } = await play(
      [{ stream: [{ repeat: [':\ndata: 1234567890\n\n'], times: 50 }] }],
      { maxEventSize: 10 },
      (seen) => seen.length === 51
    );
    expect(seen[50]).toBe('message 1234567890');
  });
});

it.each<[string, unknown, typeof TypeError | typeof RangeError]>([
  ['headers', 5, TypeError],
  ['headers', { 'a b': 'x' }, TypeError],
  ['fetch', 'x', TypeError],
  ['method', 5, TypeError],
  ['method', 'a b', TypeError],
  ['body', 'x', TypeError],
  ['lastEventId', 5, TypeError],
  ['lastEventId', 'a\nb', TypeError],
  ['signal', {}, TypeError],
  ['heartbeatTimeout', '5', TypeError],
  ['heartbeatTimeout', -1, RangeError],
  ['heartbeatTimeout', NaN, RangeError],
  ['maxEventSize', 0, RangeError],
  ['lastEventIdParameter', '', TypeError],
  ['reconnection', 5, TypeError],
  ['reconnection', null, TypeError],
  ['reconnection.minDelay', -1, RangeError],
  ['reconnection.maxDelay', '1', TypeError],
  ['reconnection.factor', 0.5, RangeError],
  ['reconnection.jitter', 2, RangeError],
  ['reconnection.maxAttempts', 0, RangeError],
  ['reconnection.shouldReconnect', true, TypeError]
])('%s: %j throws at construction and is named', (name, value, type) => {
  const [outer, inner] = name.split('.') as [string, string?];
  const init = { [outer]: inner ? { [inner]: value } : value } as ExtendedEventSourceInit;
  const construct = () => new EventSource(server.origins[0]!, init).close();
  expect(construct).toThrow(type);
  expect(construct).toThrow(name);
});
