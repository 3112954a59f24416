import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { get, sendRaw, until } from './raw-client.ts';
import { createFixturesServer, type FixturesServer, type FixturesServerOptions } from './server.ts';
import type { Play } from './stream-script.ts';

let server: FixturesServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(options: FixturesServerOptions = {}) {
  server = await createFixturesServer(options);
  return { server, origin: server.origins[0]! };
}

const answers = (...bodies: string[]): Play['connections'] =>
  bodies.map((body) => ({ stream: [body], framing: 'close', end: 'close' }));
const bodyOf = async (origin: string, path: string) => (await fetch(origin + path)).text();

describe('plays', () => {
  test('the n-th request gets the n-th connection, over all origins; then it is left unanswered', async () => {
    const { server, origin } = await start({
      ports: [0, 0],
      cases: [{ id: 'two', connections: answers('one', 'two') }]
    });
    const other = server.origins[1]!;
    expect(await bodyOf(origin, '/sse/t/two?a=1')).toBe('one');
    expect(await bodyOf(other, '/sse/t/two')).toBe('two');
    const last = get(origin, '/sse/t/two');
    await until(() => server.requests('t').length === 3);
    last.socket.destroy();
    await until(() => server.requests('t')[2]!.closedAt !== null);
    expect(last.received).toBe('');
    expect(server.requests('t').map(({ connection, origin }) => [connection, origin])).toEqual([
      [0, origin],
      [1, other],
      [null, origin]
    ]);
    expect(server.requests('t')[0]).toMatchObject({
      token: 't',
      play: 'two',
      method: 'GET',
      target: '/sse/t/two?a=1',
      httpVersion: '1.1'
    });
    expect(server.requests('t')[2]).toMatchObject({ writes: [], endedAt: null });
  });

  test('the origins have the name by which a request came', async () => {
    const { server, origin } = await start({
      ports: [0, 0],
      cases: [{ id: 'p', connections: [{ headers: { 'X-A': '{url} {other-origin}' }, end: 'close' }] }]
    });
    const [own, other] = server.originsAt('my-device.test');
    expect(own).toBe(origin.replace('127.0.0.1', 'my-device.test'));
    const client = sendRaw(origin, `GET /sse/t/p HTTP/1.1\r\nHost: ${new URL(own!).host}\r\n\r\n`);
    expect(await client.finished()).toContain(`X-A: ${own}/sse/t/p ${other}\r\n`);
    expect(server.requests('t')[0]!.origin).toBe(own);
  });

  test('repeat plays the last connection again', async () => {
    const { origin, server } = await start({
      cases: [{ id: 'r', connections: answers('one', 'two'), repeat: true }]
    });
    for (const body of ['one', 'two', 'two', 'two']) expect(await bodyOf(origin, '/sse/t/r')).toBe(body);
    expect(server.requests('t').map(({ connection }) => connection)).toEqual([0, 1, 1, 1]);
  });

  test('OPTIONS uses up no connection and allows what was asked for', async () => {
    const { origin, server } = await start({
      cases: [
        { id: 'p', connections: answers('one') },
        { id: 'q', connections: answers('one'), preflight: { status: 403, end: 'close' } }
      ]
    });
    const wanted =
      'Origin: http://a.b\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: last-event-id, x\r\n';
    const options = sendRaw(origin, `OPTIONS /sse/t/p HTTP/1.1\r\nHost: x\r\n${wanted}\r\n`);
    expect(await options.finished()).toBe(
      'HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nConnection: close\r\n' +
        'Access-Control-Allow-Origin: http://a.b\r\nAccess-Control-Allow-Credentials: true\r\n' +
        'Access-Control-Allow-Methods: GET\r\nAccess-Control-Allow-Headers: last-event-id, x\r\n\r\n'
    );
    expect(await bodyOf(origin, '/sse/t/p')).toBe('one');
    expect(server.requests('t', 'p').map(({ method, connection }) => [method, connection])).toEqual([
      ['OPTIONS', null],
      ['GET', 0]
    ]);
    expect((await fetch(origin + '/sse/t/q', { method: 'OPTIONS' })).status).toBe(403);
  });

  test('tokens and plays do not see each other', async () => {
    const { origin, server } = await start({
      cases: [
        { id: 'a', connections: answers('a1', 'a2') },
        { id: 'b', connections: answers('b1') }
      ]
    });
    expect(await bodyOf(origin, '/sse/t/a')).toBe('a1');
    expect(await bodyOf(origin, '/sse/u/a')).toBe('a1');
    expect(await bodyOf(origin, '/sse/t/b')).toBe('b1');
    expect(await bodyOf(origin, '/sse/t/a')).toBe('a2');
    expect(server.requests('t').map(({ play }) => play)).toEqual(['a', 'b', 'a']);
    expect(server.requests('t', 'a').length).toBe(2);
    expect(server.requests('u').length).toBe(1);
    server.endToken('t');
    expect(server.requests('t')).toEqual([]);
    expect(await bodyOf(origin, '/sse/t/a')).toBe('a1');
    expect(server.requests('u').length).toBe(1);
  });

  test('answers 204 to what still asks under a token that is retired, and to nothing else', async () => {
    const { origin, server } = await start({ cases: [{ id: 'a', connections: [{}] }] });
    const open = [get(origin, '/sse/t/a'), get(origin, '/sse/t/a')];
    await until(() => server.requests('t').every(({ writes }) => writes.length === 1));
    server.retireToken('t');
    await Promise.all(open.map((one) => one.finished()));
    const late = await fetch(`${origin}/sse/t/a`, { headers: { Origin: 'http://a' } });
    expect([late.status, late.headers.get('access-control-allow-origin')]).toEqual([204, 'http://a']);
    expect(server.requests('t')).toEqual([]);
    expect((await fetch(`${origin}/sse/u/a`)).status).toBe(200);
  });

  test('answers what asks under a retired token on a connection that was played on, as a proxy is asked, and with controls', async () => {
    const { origin, server } = await start({
      cases: [
        {
          id: 'kept',
          connections: [{ headers: { Connection: 'keep-alive' }, framing: { contentLength: 0 } }]
        }
      ]
    });
    server.retireToken('t');
    const kept = get(origin, '/sse/u/kept');
    await until(() => kept.received.length > 0);
    kept.socket.write(`GET ${origin}/sse/t/kept HTTP/1.1\r\nHost: a\r\nOrigin: a\x01b\r\n\r\n`);
    const answer = await kept.finished();
    expect(answer).toContain('HTTP/1.1 204 ');
    expect(answer).toContain('Access-Control-Allow-Origin: a\x01b\r\n');
    expect(server.requests('t')).toEqual([]);
  });

  test('addCases adds and replaces, all or nothing', async () => {
    const { origin, server } = await start({ cases: [{ id: 'a', connections: answers('old') }] });
    expect(() =>
      server.addCases([
        { id: 'a', connections: answers('bad') },
        { id: 'b', connections: [{ stream: [{ hex: '0' }] }] }
      ])
    ).toThrow('b: connections[0].stream[0]: hex');
    expect(await bodyOf(origin, '/sse/t/a')).toBe('old');
    server.addCases([{ id: 'a', connections: answers('new') }]);
    expect(await bodyOf(origin, '/sse/u/a')).toBe('new');
  });

  test('the log has headers as they were sent, one character per byte', async () => {
    const { origin, server } = await start({ cases: [{ id: 'a', connections: answers('x') }] });
    const bytes = Buffer.from('…é€').toString('latin1');
    await get(origin, '/sse/t/a', `LAST-event-id: ${bytes}\r\nX: 1\r\nx: 2\r\n`).finished();
    expect(server.requests('t')[0]!.headers).toEqual([
      ['Host', new URL(origin).host],
      ['LAST-event-id', bytes],
      ['X', '1'],
      ['x', '2']
    ]);
  });

  test('a request with a body is answered after it', async () => {
    const { origin, server } = await start({ cases: [{ id: 'a', connections: answers('x') }] });
    const client = sendRaw(origin, 'POST /sse/t/a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab');
    await until(() => server.requests('t').length === 1);
    expect(server.requests('t')[0]!.writes).toEqual([]);
    client.socket.write('cd');
    expect(await client.finished()).toMatch(/\r\n\r\nx$/);
  });

  test('two requests sent at once are answered one after the other', async () => {
    const connections: Play['connections'] = [
      { framing: { contentLength: 2 }, stream: ['a', { pause: 10 }, 'b'] },
      { framing: { contentLength: 1 }, stream: ['c'], end: 'close' }
    ];
    const { origin } = await start({ cases: [{ id: 'a', connections }] });
    const request = 'GET /sse/t/a HTTP/1.1\r\nHost: x\r\n\r\n';
    expect(await sendRaw(origin, request + request).finished()).toMatch(/\r\n\r\nabHTTP[^]*\r\n\r\nc$/);
  });

  test('another request after a play on the same connection is not left waiting', async () => {
    const { origin } = await start({
      cases: [{ id: 'a', connections: [{ framing: { contentLength: 1 }, stream: ['a'] }] }]
    });
    const client = get(origin, '/sse/t/a');
    await client.receives('\r\n\r\na');
    client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.finished();
  });
});

describe('the request log', () => {
  test('is served as JSON to any origin, and deleted', async () => {
    const { origin, server } = await start({
      cases: [
        { id: 'a', connections: [{ stream: ['é'] }] },
        { id: 'b', connections: [] }
      ]
    });
    const open = get(origin, '/sse/t/a');
    await open.receives('\xc3\xa9\r\n');
    const silent = get(origin, '/sse/t/b');
    await until(() => server.requests('t').length === 2);

    const response = await fetch(origin + '/requests/t');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual(server.requests('t'));
    expect(await (await fetch(origin + '/requests/t/b')).json()).toEqual(server.requests('t', 'b'));
    expect(await (await fetch(origin + '/requests/nobody')).json()).toEqual([]);
    expect((await fetch(origin + '/requests/t', { method: 'OPTIONS' })).status).toBe(204);

    expect((await fetch(origin + '/requests/t', { method: 'DELETE' })).status).toBe(204);
    await open.finished();
    await silent.finished();
    expect(server.requests('t')).toEqual([]);
  });

  test('what is handed out is a copy', async () => {
    const { origin, server } = await start({ cases: [{ id: 'a', connections: answers('x') }] });
    await bodyOf(origin, '/sse/t/a');
    server.requests('t')[0]!.writes.length = 0;
    expect(server.requests('t')[0]!.writes.length).toBe(2);
  });

  test('is bounded', async () => {
    const limits = {
      tokens: 3,
      recordsPerToken: 2,
      records: 4,
      bytesPerConnection: 5,
      writesPerConnection: 3
    };
    const { origin, server } = await start({
      limits,
      cases: [{ id: 'a', connections: [{ head: ['abc', 'def', 'ghij', 'kl'], end: 'close' }], repeat: true }]
    });
    const ask = (token: string, n: number) => get(origin, `/sse/${token}/a?${n}`).finished();
    const targets = (token: string) => server.requests(token).map(({ target }) => target.slice(-2));

    for (const n of [1, 2, 3]) await ask('t', n);
    expect(targets('t')).toEqual(['?2', '?3']);
    expect(server.requests('t')[0]!.writes.map(({ bytes, length }) => [bytes, length])).toEqual([
      ['abc', 3],
      ['de', 3],
      ['', 6]
    ]);

    for (const token of ['u', 'v']) await ask(token, 1);
    expect(['t', 'u', 'v'].map((token) => targets(token).length)).toEqual([2, 1, 1]);
    await ask('v', 2);
    expect(['t', 'u', 'v'].map((token) => targets(token).length)).toEqual([0, 1, 2]);
    server.endToken('v');
    for (const token of ['w', 'x']) await ask(token, 1);
    expect(['u', 'w', 'x'].map((token) => targets(token).length)).toEqual([1, 1, 1]);
    await ask('y', 1);
    expect(['u', 'w', 'x', 'y'].map((token) => targets(token).length)).toEqual([0, 1, 1, 1]);
  });
});

describe('requests that are refused', () => {
  const refused = async (origin: string, request: string) => {
    const answer = await sendRaw(origin, request).finished();
    const [head, body] = answer.split(/\r\n\r\n/, 2) as [string, string];
    return {
      status: Number(head.split(' ')[1]),
      head,
      reason: body.replace(/^[0-9a-f]+\r\n/, '').split('\n')[0]
    };
  };

  test.each([
    ['GET /nowhere', 404, 'nothing at /nowhere; the index page is at /'],
    ['GET /sse/t/nobody', 404, 'no play "nobody"; the index page lists them'],
    ['GET /sse/t/a/b', 404, 'no play "a/b"; the index page lists them'],
    ['GET /sse/t', 404, 'no play ""'],
    ['GET /sse/t%2Fu/a', 400, 'bad token'],
    [`GET /sse/${'t'.repeat(129)}/a`, 400, 'bad token'],
    ['GET /sse/%zz/a', 400, 'bad percent-encoding'],
    ['GET /requests/', 400, 'bad token'],
    ['GET /requests/%ff', 400, 'bad percent-encoding'],
    ['GET /requests/t/%20', 400, 'bad play id'],
    ['GET /requests/t/a/b', 404, 'nothing here'],
    ['GET *', 400, 'bad request target "*"'],
    ['POST /', 405, 'POST is not for /; allowed: GET, HEAD'],
    ['PUT /requests/t', 405, 'PUT is not for /requests/t; allowed: GET, HEAD, DELETE, OPTIONS'],
    ['CONNECT a:1', 405, 'CONNECT is not for this server']
  ])('%s: %d', async (start_, status, reason) => {
    const { origin } = await start({ cases: [{ id: 'a', connections: [] }] });
    const answer = await refused(origin, `${start_} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(answer.status).toBe(status);
    expect(answer.reason).toContain(reason);
    if (status === 405) expect(answer.head).toMatch(/\r\nAllow: [A-Z, ]+\r\n/);
    expect((await fetch(origin)).status).toBe(200);
  });

  test.each([
    ['no HTTP', 'rubbish\r\n\r\n', 400],
    ['a bad header', 'GET / HTTP/1.1\r\nBad Header: 1\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a long header', `GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431]
  ])('malformed: %s', async (_name, request, status) => {
    const { origin } = await start();
    const answer = await refused(origin, request);
    expect(answer.status).toBe(status);
    expect(answer.reason).toContain('not a request that can be read: ');
    expect((await fetch(origin)).status).toBe(200);
  });

  test('rubbish behind a request that is being played ends it without a word', async () => {
    const { origin } = await start({ cases: [{ id: 'a', connections: [{ framing: 'close' }] }] });
    const client = get(origin, '/sse/t/a');
    await client.receives('\r\n\r\n');
    const { received } = client;
    client.socket.write('rubbish\r\n\r\n');
    expect(await client.finished()).toBe(received);
  });

  test('a body over the limit is a 413, announced or not', async () => {
    const { origin, server } = await start({
      limits: { bodyBytes: 10 },
      cases: [{ id: 'a', connections: answers('x'), repeat: true }]
    });
    const chunk = 'b\r\n01234567890\r\n0\r\n\r\n';
    for (const rest of [
      'Content-Length: 11\r\n\r\n01234567890',
      `Transfer-Encoding: chunked\r\n\r\n${chunk}`
    ]) {
      const answer = await refused(origin, `POST /sse/t/a HTTP/1.1\r\nHost: x\r\n${rest}`);
      expect(answer).toMatchObject({ status: 413, reason: "a request's body must not be over 10 bytes" });
    }
    const most = 'POST /sse/t/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789';
    expect((await refused(origin, most)).status).toBe(200);
    expect(server.requests('t').flatMap(({ writes }) => writes.length)).toEqual([0, 2]);
  });

  test('the default limit lets a mebibyte through', async () => {
    const { origin } = await start({ cases: [{ id: 'a', connections: answers('x'), repeat: true }] });
    const post = (body: string) => fetch(origin + '/sse/t/a', { method: 'POST', body });
    expect((await post('x'.repeat(1024 * 1024))).status).toBe(200);
    expect((await post('x'.repeat(1024 * 1024 + 1))).status).toBe(413);
  });
});

test('a long head is read, and none of its fields is a must', async () => {
  const { origin } = await start();
  for (const field of ['', `X: ${'x'.repeat(60_000)}\r\n`])
    await sendRaw(origin, `GET / HTTP/1.1\r\n${field}\r\n`).receives(' 200 OK');
});

describe('routes of the caller', () => {
  test('come after the own ones, get the URL, and may throw', async () => {
    const { origin } = await start({
      routes: [
        { method: 'GET', path: '/', handle: (_request, response, url) => void response.end(url.href) },
        { method: 'POST', path: '/throw', handle: () => Promise.reject(new Error('went wrong')) },
        {
          method: 'PUT',
          path: '/throw',
          handle(_request, response) {
            response.write('half');
            throw new Error('too late');
          }
        }
      ]
    });
    expect(await bodyOf(origin, '/dist/x.js?y')).toBe(origin + '/dist/x.js?y');
    expect(await bodyOf(origin, '/')).toContain('fixtures server');
    expect((await fetch(origin + '/dist', { method: 'HEAD' })).status).toBe(200);
    const thrown = await fetch(origin + '/throw', { method: 'POST' });
    expect([thrown.status, await thrown.text()]).toEqual([500, 'went wrong\n']);
    await expect(
      fetch(origin + '/throw', { method: 'PUT' }).then((response) => response.text())
    ).rejects.toThrow();
    expect((await fetch(origin)).status).toBe(200);
  });
});

describe('pages', () => {
  test.each([
    ['/', {}],
    ['/plays/', { suitePage: true }]
  ])('%s links every play', async (path, options) => {
    const { origin } = await start({ cases: [{ id: 'a-play', connections: answers('x') }], ...options });
    const text = await bodyOf(origin, path);
    const link = /href="(\/sse\/[^"]+\/a-play)"/.exec(text)![1]!;
    expect(await bodyOf(origin, link)).toBe('x');
    expect(text).toContain('href="/example/"');
  });

  test('the example page and its stream that works', async () => {
    const { origin } = await start();
    const page = await fetch(origin + '/example?polyfill');
    expect(page.url).toBe(origin + '/example/?polyfill');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain("new EventSource('serverMessage')");
    const client = get(origin, '/example/serverMessage');
    await client.receives('\n\n');
    expect(client.received).toMatch(/\r\ndata:... ... \d\d [^\n]*\n\n/);
    client.socket.destroy();
  });

  test('the stream that does not: 36 bytes, and the end', async () => {
    const { origin } = await start();
    const client = get(origin, '/example/serverMessage-broken');
    const [head, body] = (await client.finished()).split('\r\n\r\n') as [string, string];
    expect(head).toBe('HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 36');
    expect(body).toMatch(/^retry:1000\ndata:... ... \d\d \d\d:\d\d:\d\d\n$/);
    expect(body.length).toBe(36);
  });
});

describe('starting and stopping', () => {
  test('listens on 127.0.0.1 alone, on the ports given', async () => {
    const { server, origin } = await start({ ports: 0 });
    expect(server.origins.length).toBe(1);
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const port = Number(new URL(origin).port);
    const elsewhere = connect(port, '127.0.0.2');
    const refused = await new Promise((resolve) => elsewhere.once('error', resolve).once('connect', resolve));
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
    await expect(createFixturesServer({ ports: [0, port] })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(createFixturesServer({ cases: [{ id: '/', connections: [] }] })).rejects.toThrow(TypeError);
  });
});
