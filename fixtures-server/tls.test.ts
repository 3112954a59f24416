import http2 from 'node:http2';
import https from 'node:https';
import { generate } from 'selfsigned';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { until } from './raw-client.ts';
import { createFixturesServer, type FixturesServer, needsHttp1 } from './server.ts';
import type { Play } from './stream-script.ts';

let tls: { key: string; cert: string };
beforeAll(async () => {
  const { private: key, cert } = await generate([], { algorithm: 'sha256' });
  tls = { key, cert };
});
let server: FixturesServer | undefined;
afterEach(() => server?.close());

const stream = ['data: 1\n\n', { pause: 5 }, 'data: \u00fc\n\n'];
const plays: Play[] = [
  { id: 'close', connections: [{ headers: { 'X-A': ['{origin}', '\u00fc'] }, stream, end: 'close' }] },
  { id: 'cut', connections: [{ stream, end: 'cut' }] },
  { id: 'reset', connections: [{ stream: [...stream, { pause: 20 }], end: 'reset' }] },
  { id: 'hang', connections: [{ stream }] },
  { id: 'none', connections: [{ status: 204 }] },
  { id: 'head', connections: [{ head: ['HTTP/1.0 200 OK\r\n\r\n'], stream, end: 'close' }] },
  { id: 'raw', connections: [{ stream, framing: 'close', end: 'close' }] },
  { id: 'types', connections: [{ headers: { 'content-type': ['a/b', 'text/event-stream'] } }] },
  { id: 'field', connections: [{ headers: { 'keep-alive': '1' } }] }
];

async function start(withHttp2: boolean): Promise<string> {
  server = await createFixturesServer({ ports: [0, 0], cases: plays, tls, http2: withHttp2 });
  return server.origins[0]!;
}

/** What comes over HTTP/1.1 of a path, and how it ends. */
function getOverHttp1(url: string): Promise<{ body: string; end: string }> {
  return new Promise((resolve) => {
    let body = '';
    const fail = (error: NodeJS.ErrnoException) => resolve({ body, end: error.code! });
    https
      .get(url, { rejectUnauthorized: false, agent: false }, (response) => {
        response.on('data', (bytes: Buffer) => (body += bytes.toString()));
        response.on('error', fail).on('end', () => resolve({ body, end: 'end' }));
      })
      .on('error', fail);
  });
}

interface Answer {
  status: number;
  headers: object;
  frames: string[];
  code: number;
}

let session: http2.ClientHttp2Session | undefined;
afterEach(() => session?.destroy());

/** What comes of each path, on one connection. */
function getOverHttp2(origin: string, paths: string[]): Promise<Answer>[] {
  session = http2.connect(origin, { rejectUnauthorized: false });
  return paths.map((path) => {
    const request = session!.request({ ':path': path });
    const answer: Answer = { status: 0, headers: {}, frames: [], code: 0 };
    request.on('response', (headers) => Object.assign(answer, { status: headers[':status'], headers }));
    request.on('data', (bytes: Buffer) => answer.frames.push(bytes.toString()));
    request.on('error', () => {});
    return new Promise((resolve) => {
      request.on('close', () => resolve({ ...answer, code: request.rstCode }));
    });
  });
}

it('plays over TLS as it does without', async () => {
  const origin = await start(false);
  expect(origin).toMatch(/^https:/);
  expect(await getOverHttp1(`${origin}/sse/t/close`)).toEqual({
    body: 'data: 1\n\ndata: \u00fc\n\n',
    end: 'end'
  });
  const body = 'data: 1\n\ndata: \u00fc\n\n';
  expect(await getOverHttp1(`${origin}/sse/t/cut`)).toEqual({ body, end: 'ECONNRESET' });
  expect(await getOverHttp1(`${origin}/sse/t/reset`)).toEqual({ body, end: 'ECONNRESET' });
  expect(server!.requests('t', 'close')[0]!.writes[0]!.bytes).toContain(`\r\nX-A: ${origin}\r\n`);
});

it('plays over HTTP/2: a DATA frame for each write, and a reset of the stream for a cut', async () => {
  const origin = await start(true);
  const paths = ['close', 'cut', 'reset', 'none'].map((id) => `/sse/t/${id}`);
  const [close, cut, reset, none] = await Promise.all(getOverHttp2(origin, paths));
  expect(close).toMatchObject({ status: 200, frames: ['data: 1\n\n', 'data: \u00fc\n\n'], code: 0 });
  expect(close!.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  expect(close!.headers).not.toHaveProperty('date');
  expect(cut).toMatchObject({ status: 200, code: http2.constants.NGHTTP2_INTERNAL_ERROR });
  expect(reset).toMatchObject({ status: 200, code: http2.constants.NGHTTP2_INTERNAL_ERROR });
  expect(none).toMatchObject({ status: 204, frames: [], code: 0 });
  const [record] = server!.requests('t', 'close');
  expect(record).toMatchObject({ httpVersion: '2.0', method: 'GET', target: '/sse/t/close', connection: 0 });
  expect(record!.writes.map(({ bytes }) => bytes)).toEqual([
    expect.stringContaining(`x-a: ${origin}\r\nx-a: \u00c3\u00bc\r\n`),
    'data: 1\n\n',
    'data: \u00c3\u00bc\n\n'
  ]);
  expect(record!.endedAt).not.toBe(null);
});

it('ends a stream over HTTP/2 with its token, and not its neighbours', async () => {
  const origin = await start(true);
  const [one] = getOverHttp2(origin, ['/sse/one/hang', '/sse/two/hang']);
  const isPlayed = (token: string) => server!.requests(token)[0]?.writes.length === 3;
  await until(() => isPlayed('one') && isPlayed('two'));
  server!.endToken('one');
  expect(await one).toMatchObject({ status: 200, code: http2.constants.NGHTTP2_INTERNAL_ERROR });
  expect(server!.requests('two')[0]!.closedAt).toBe(null);
});

it('refuses over HTTP/2 what needs HTTP/1.1, and plays it to those who speak that', async () => {
  const origin = await start(true);
  const ids = ['head', 'raw', 'types', 'field'];
  const paths = ids.map((id) => `/sse/t/${id}`);
  const answers = await Promise.all(getOverHttp2(origin, paths));
  expect(answers.map(({ status }) => status)).toEqual([505, 505, 505, 505]);
  expect(answers[1]!.frames.join('')).toBe('raw needs HTTP/1.1: the framing of a body is that of HTTP/1.1\n');
  expect(server!.requests('t')).toEqual([]);
  expect((await getOverHttp1(`${origin}/sse/t/raw`)).end).toBe('end');
  expect(plays.filter((play) => needsHttp1(play)).map(({ id }) => id)).toEqual(ids);
});

it('answers its other URLs over HTTP/2', async () => {
  const origin = await start(true);
  const answers = await Promise.all(
    getOverHttp2(origin, ['/', '/nowhere', '/requests/t', '/example/serverMessage-broken'])
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 200, 200]);
  expect(answers[3]!.frames.join('')).toHaveLength(36);
  await expect(createFixturesServer({ http2: true })).rejects.toThrow(TypeError);
});
