import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import type { Task } from '../engine.ts';
import { loadCases } from '../load-cases.ts';
import type { Report } from '../report.ts';
import { run } from '../run.ts';
import { findExecutable } from './executable.ts';
import { createWebDriverEngines } from './webdriver.ts';

/** What the engine of one endpoint finds there. */
async function look(endpoint: RequestListener): Promise<unknown> {
  const server = createServer(endpoint);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const [engine] = createWebDriverEngines([{ url: `http://127.0.0.1:${port}/`, capabilities: {} }], 500);
  const found = await engine!.find();
  server.closeAllConnections();
  server.close();
  return found;
}

const ready = '{"value":{"ready":true}}';
const withStatus = (more: RequestListener): RequestListener => {
  return (request, response) => (request.url === '/status' ? response.end(ready) : more(request, response));
};

describe('an endpoint that cannot be used is named, and what it did', () => {
  it('when it is down', async () => {
    const [engine] = createWebDriverEngines([{ url: 'http://127.0.0.1:9/', capabilities: {} }]);
    expect(await engine!.find()).toEqual({
      missing: expect.stringMatching(
        /^the WebDriver endpoint http:\/\/127\.0\.0\.1:9\/ cannot be reached: ./
      ) as string
    });
  });

  it.each<[string, RequestListener, RegExp]>([
    ['answers nothing', () => {}, /did not answer GET \/status in 0\.5 s/],
    [
      'is something else',
      (_request, response) => response.writeHead(401).end('<p>'),
      /is no WebDriver endpoint: it answers 401 to GET \/status, with "<p>"/
    ],
    [
      'answers without end',
      (_request, response) => {
        const more = () => void (response.destroyed || response.write('a'.repeat(100_000), more));
        more();
      },
      /answers GET \/status with more than 1000000 bytes/
    ],
    [
      'is not ready',
      (_request, response) => response.end('{"value":{"ready":false,"message":"no node"}}'),
      /is not ready: no node/
    ],
    [
      'gives no session in time',
      withStatus(() => {}),
      /did not give a session in 0\.5 s; one that comes within 0\.083 s more is ended, a later one is the endpoint's to end/
    ],
    [
      'refuses the capabilities',
      withStatus((_request, response) =>
        response
          .writeHead(500, { 'Content-Type': 'application/json' })
          .end('{"value":{"error":"session not created","message":"no such browser","stacktrace":""}}')
      ),
      /gives no session: .*no such browser/
    ],
    ['answers garbage', withStatus((_request, response) => response.end('hello')), /gives no session: ./]
  ])('when it %s', async (_words, endpoint, missing) => {
    const found = await look(endpoint);
    expect(found).toEqual({ missing: expect.stringMatching(missing) as string });
    expect((found as { missing: string }).missing).toContain('http://127.0.0.1:');
  });
});

it('asks with the name and the password that an address holds, and shows them nowhere', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    withStatus((_request, response) => response.end('{"value":{"sessionId":"s","capabilities":{}}}'))(
      request,
      response
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://me:se%40cret%@127.0.0.1:${port}/`;
  const [engine] = createWebDriverEngines([{ url, capabilities: {} }]);
  expect(await engine!.find()).toMatchObject({ version: expect.any(String) as string });
  await engine!.close!();
  server.close();
  expect(engine!.address).toBe(`http://127.0.0.1:${port}/`);
  // Status, session and its end.
  expect(asked).toEqual(Array(3).fill('Basic bWU6c2VAY3JldCU='));
});

it('names an endpoint that opens no page or does not end a session, and awaits nothing more of it', async () => {
  const underWay = new Set<string>();
  const server = createServer(
    withStatus((request, response) => {
      const what = `${request.method} ${request.url}`;
      underWay.add(what);
      response.once('close', () => underWay.delete(what));
      if (what === 'POST /session') response.end('{"value":{"sessionId":"s","capabilities":{}}}');
      else if (what === 'POST /session/s/url')
        response
          .writeHead(500)
          .end('{"value":{"error":"unknown error","message":"refused","stacktrace":""}}');
    })
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const [engine] = createWebDriverEngines([{ url, capabilities: {} }], 300);
  await engine!.find();
  const running = engine!.open({ url: 'http://here:1/run/x/', lanes: 8 } as Task);
  expect(await running.ended).toBe(`the WebDriver endpoint ${url} does not open http://here:1: refused`);
  await running.stop();
  await engine!.close!();
  await expect.poll(() => [...underWay]).toEqual([]);
  server.close();
});

it('ends a session that comes too late, and soon awaits none any more', async () => {
  const ended: string[] = [];
  let underWay: ServerResponse | undefined;
  const server = createServer(
    withStatus((request, response) => {
      if (request.method === 'DELETE') ended.push(request.url!);
      else underWay = response;
      if (request.method === 'DELETE') response.end('{"value":null}');
    })
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const find = () =>
    createWebDriverEngines([{ url: `http://127.0.0.1:${port}/`, capabilities: {} }], 1200)[0]!.find();
  expect(await find()).toHaveProperty('missing');
  expect(underWay!.destroyed).toBe(false);
  underWay!.end('{"value":{"sessionId":"late","capabilities":{}}}');
  await expect.poll(() => ended).toEqual(['/session/late']);

  expect(await find()).toHaveProperty('missing');
  await expect.poll(() => underWay!.destroyed).toBe(true);
  server.close();
});

/** An endpoint that gives sessions, and knows which of them are open. */
async function createEndpoint(): Promise<{ url: string; given: number; open: Set<string>; close(): void }> {
  const open = new Set<string>();
  const server = createServer(
    withStatus((request, response) => {
      const [, , id = ''] = request.url!.split('/');
      let value: object | null = null;
      if (request.method === 'DELETE') open.delete(id);
      else if (id === '') {
        const sessionId = `s${++endpoint.given}`;
        open.add(sessionId);
        value = { sessionId, capabilities: { browserName: 'fake', browserVersion: '1' } };
      }
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ value }));
    })
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = { url: `http://127.0.0.1:${port}/`, given: 0, open, close: () => void server.close() };
  return endpoint;
}

it('goes on with the session that told the version, and leaves none behind', async () => {
  const endpoint = await createEndpoint();
  const { url } = endpoint;
  const [unused] = createWebDriverEngines([{ url, capabilities: {} }]);
  expect(await unused!.find()).toEqual({ version: 'fake 1' });
  expect(endpoint.open.size).toBe(1);
  await unused!.close!();
  expect(endpoint.open.size).toBe(0);

  const pair = [url, 'http://127.0.0.1:9/'].map((one) => ({ url: one, capabilities: {} }));
  expect(await createWebDriverEngines(pair)[0]!.find()).toHaveProperty('missing');
  expect(endpoint.open.size).toBe(0);

  const [used] = createWebDriverEngines([{ url, capabilities: {} }]);
  await used!.find();
  const { given } = endpoint;
  const running = used!.open({ url, lanes: 8 } as Task);
  await running.stop();
  expect(endpoint.given).toBe(given);
  const again = used!.open({ url, lanes: 8 } as Task);
  await again.stop();
  expect(endpoint.given).toBe(given);
  await used!.close!();
  expect(endpoint.open.size).toBe(0);

  // A grid may have one place.
  const two = createWebDriverEngines([
    { url, capabilities: {} },
    { url, capabilities: { browserName: 'another' } }
  ]);
  for (const one of two) {
    await one.find();
    expect(endpoint.open.size).toBe(0);
  }
  endpoint.close();
});

it('makes one engine of the same capabilities, and another of others', () => {
  const chrome = { browserName: 'chrome' };
  const engines = createWebDriverEngines([
    { url: 'http://a/', capabilities: chrome },
    { url: 'http://b/', capabilities: { browserName: 'firefox' } },
    { url: 'http://c/', capabilities: { ...chrome } },
    { url: 'http://c/', capabilities: { ...chrome, browserVersion: '99' } },
    { url: 'http://d/', capabilities: { browserName: 'internet explorer' } }
  ]);
  expect(engines.map(({ name }) => name)).toEqual([
    'chromium by webdriver',
    'firefox by webdriver',
    'chromium by webdriver 2',
    'internet-explorer by webdriver'
  ]);
});

const chromedriver = await findExecutable(['chromedriver']);
const drivers: ReturnType<typeof spawn>[] = [];
afterAll(() => {
  for (const { pid } of drivers) process.kill(-pid!, 'SIGKILL');
});

async function countSessions(url: string): Promise<number> {
  const { value } = (await (await fetch(`${url}sessions`)).json()) as { value: unknown[] };
  return value.length;
}

// conformance/engines/install has it installed.
it.skipIf(chromedriver === undefined && process.env.REQUIRE_CHROMIUM !== 'yes')(
  'shares the cases out over two sessions of chromedriver',
  async () => {
    const urls = await Promise.all(
      [1, 2].map(async () => {
        const driver = spawn(chromedriver!, ['--port=0'], {
          detached: true,
          stdio: ['ignore', 'pipe', 'ignore']
        });
        drivers.push(driver);
        let told = '';
        while (!/on port \d+\./.test(told)) told += String((await once(driver.stdout, 'data'))[0]);
        return `http://127.0.0.1:${/on port (\d+)\./.exec(told)![1]}/`;
      })
    );
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    const capabilities = { browserName: 'chrome', 'goog:chromeOptions': { args } };
    let report: Report | undefined;
    let sessions: number[] | undefined;
    for await (const event of run({
      engines: createWebDriverEngines(urls.map((url) => ({ url, capabilities }))),
      implementations: ['native'],
      cases: loadCases('conformance/cases').filter(({ id }) => id.startsWith('bom-')),
      expectedFailures: [],
      dist: 'dist',
      version: '0',
      standard: ''
    })) {
      if (event.type === 'report') report = event.report;
      else if (event.type === 'cell') sessions ??= await Promise.all(urls.map(countSessions));
    }
    expect(report!.columns).toMatchObject([
      { status: 'ran', version: expect.stringMatching(/^chrome.* \d/) as string }
    ]);
    expect(report!.cells.every(({ verdict }) => verdict === 'pass')).toBe(true);
    expect(sessions).toEqual([1, 1]);
    expect(await Promise.all(urls.map(countSessions))).toEqual([0, 0]);
  },
  60_000
);
