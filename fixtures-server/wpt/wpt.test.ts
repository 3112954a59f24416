import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixturesServer, type FixturesServer } from '../server.ts';
import { createCheckoutRoutes } from './checkout.ts';
import { createWptRoutes } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'truesource-wpt-'));
let server: FixturesServer;

beforeAll(async () => {
  const files = {
    'eventsource/a.any.js': '// META: title=A <b>\n// META: script=/common/x.js\ntest();\n',
    'eventsource/b.window.js': '// META: timeout=long\n',
    'eventsource/dedicated-worker/c.worker.js': 'importScripts("x");',
    'eventsource/dedicated-worker/d.js': 'postMessage(1);',
    'eventsource/e.htm': '<!DOCTYPE html>\n<title>E</title>',
    'eventsource/resources/new.py': 'secret',
    'common/hosts.sub.js': '{{host}} {{ports[http][0]}} {{domains[www]}} {{GET[x]}} {{headers[x-y]}}',
    'common/typed.txt': 'text',
    'common/typed.txt.headers': 'Content-Type: text/plain;charset=x\nX-Own: 1\n',
    'outside.txt': 'not of the folders'
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  symlinkSync('/etc/hostname', join(directory, 'common', 'link.txt'));
  server = await createFixturesServer({
    routes: [...createWptRoutes(), ...createCheckoutRoutes({ directory, prelude: '/p.js' })]
  });
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

/** The path as it is: fetch would resolve the dots in it. */
function get(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET'
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.origins[0]!);
    request({ hostname, port, path, headers, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });
}
const resource = (path: string, headers?: Record<string, string>, method?: string) =>
  get(`/eventsource/resources/${path}`, headers, method);

describe('handlers', () => {
  it('message has type, text and end as asked', async () => {
    expect(await resource('message.py')).toMatchObject({ status: 200, body: 'data: data\n\n\n' });
    const { headers, body } = await resource('message.py?mime=x%20bogus&message=a%00%E2%80%A6&newline=none');
    expect(headers['content-type']).toBe('x bogus');
    expect(body).toBe('a\u0000\u2026\n');
    const start = performance.now();
    await resource('message.py?sleep=60');
    expect(performance.now() - start).toBeGreaterThan(55);
  });

  it('last-event-id gives the bytes of the id back', async () => {
    expect((await resource('last-event-id.py?idvalue=a%00')).body).toBe(
      'id: a\u0000\nretry: 200\ndata: hello\n\n'
    );
    const id = Buffer.from('\u2026').toString('latin1');
    expect((await resource('last-event-id.py', { 'Last-Event-ID': id })).body).toBe('data: \u2026\n\n');
    expect((await resource('last-event-id2.py?type=3')).body).toMatch(/^id: 1\ndata: 1\n\nid\ndata/);
  });

  it('the event streams show request headers', async () => {
    expect((await resource('accept.event_stream?pipe=sub', { Accept: 'a/b' })).body).toBe('data: a/b\n\n');
    expect((await resource('cache-control.event_stream?pipe=sub')).status).toBe(500);
  });

  it('redirect and status-error have the status that was asked for', async () => {
    expect(await get('/common/redirect.py?location=/a&status=307')).toMatchObject({
      status: 307,
      headers: { location: '/a' }
    });
    expect(await resource('status-error.py?status=204')).toMatchObject({ status: 204, body: '' });
    expect(await resource('status-error.py?status=503')).toMatchObject({
      status: 503,
      body: 'data: data\n\n'
    });
  });

  it('status-reconnect and reconnect-fail go on by their cookies', async () => {
    const first = await resource('status-reconnect.py?status=200&ok_first&id=2');
    expect(first).toMatchObject({ status: 200, body: 'retry: 2\ndata: ok\n\n' });
    expect(first.headers['set-cookie']).toEqual(['request2=200; Path=/']);
    const second = await resource('status-reconnect.py?status=200&id=2', { Cookie: 'x=1; request2=200' });
    expect(second.body).toBe('data: data\n\n');
    expect(second.headers['set-cookie']![0]).toMatch(/^request2=; .*Max-Age=0/);

    expect((await resource('reconnect-fail.py?id=7')).body).toContain('opened');
    const path = 'reconnect-fail.py?id=7';
    expect((await resource(path, { Cookie: 'recon_fail_7=opened' })).body).toContain('reconnected');
    expect((await resource(path, { Cookie: 'recon_fail_7=reconnected' })).status).toBe(204);
  });

  it('cors allows the origin that it is told to', async () => {
    const { headers, body } = await resource('cors.py?run=message', { Origin: 'http://a' });
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'http://a',
      'access-control-allow-credentials': 'true'
    });
    expect(body).toContain('data: data');
    const refusal = await resource('cors.py?run=message&origin=', { Origin: 'http://a' });
    expect(refusal.headers['access-control-allow-origin']).toBe('');
    expect((await resource('cors.py?run=redirect&location=/b')).headers.location).toBe('/b');
  });

  it('cors-cookie says whether its cookie came', async () => {
    const first = await resource('cors-cookie.py?ident=i', { Origin: 'http://a' });
    expect(first.body).toBe('id: 1\nretry: 200\ndata: first NO_COOKIE\n\n');
    expect(first.headers['set-cookie']).toEqual(['i=COOKIE; Path=/']);
    const second = await resource('cors-cookie.py?ident=i', { 'Last-Event-ID': '1', Cookie: 'i=COOKIE' });
    expect(second.body).toBe('id: 2\ndata: second COOKIE\n\n');
    expect((await resource('cors-cookie.py', { 'Last-Event-ID': '2' })).headers['content-type']).toBe('stop');
  });

  it('cors-unsafe-last-event-id wants a preflight for unsafe ids alone', async () => {
    const ask = { Origin: 'http://a', 'Access-Control-Request-Headers': 'last-event-id' };
    for (const [fixture, isUnsafe] of [
      ['safe', false] as const,
      ['unsafe', true] as const,
      ['long', true] as const
    ]) {
      const path = `cors-unsafe-last-event-id.py?fixture=${fixture}&token=${fixture}`;
      const [, id = ''] = /^id: (.*)$/m.exec((await resource(path)).body) ?? [];
      const again = async () => (await resource(path, { 'Last-Event-ID': id })).body.split('\n')[0];
      expect(await again()).toBe(`event: ${isUnsafe ? 'failure' : 'success'}`);
      expect((await resource(path, ask, 'OPTIONS')).headers['access-control-allow-headers']).toBe(
        'last-event-id'
      );
      expect(await again()).toBe(`event: ${isUnsafe ? 'success' : 'failure'}`);
    }
  });
});

describe('the checkout', () => {
  it('is served from four folders, and nothing else is', async () => {
    expect((await get('/common/typed.txt')).headers).toMatchObject({
      'content-type': 'text/plain;charset=x',
      'x-own': '1'
    });
    for (const path of [
      '/outside.txt',
      '/common/../outside.txt',
      '/common/%2e%2e/outside.txt',
      '/common/..%2f..%2f..%2fetc%2fhostname',
      '/common/..%2foutside.txt',
      '/common/link.txt',
      '/common/'
    ]) {
      expect((await get(path)).status, path).toBe(404);
    }
    expect((await get('/common/%')).status).toBe(400);
    expect((await resource('new.py')).status).toBe(501);
  });

  it('fills in what is marked', async () => {
    const { host, port } = new URL(server.origins[0]!);
    const headers = { Host: host.replace('127.0.0.1', 'a.test'), 'X-Y': 'y' };
    expect((await get('/common/hosts.sub.js?x=1', headers)).body).toBe(`a.test ${port} www.a.test 1 y`);
    expect((await get('/common/hosts.sub.js')).status).toBe(500);
  });

  it('runs a script in a window, a dedicated and a shared worker', async () => {
    const order = (text: string, ...parts: string[]) => {
      const places = parts.map((part) => text.indexOf(part));
      expect(places, text).not.toContain(-1);
      expect(places).toEqual([...places].sort((a, b) => a - b));
    };
    const page = (await get('/eventsource/a.any.html')).body;
    order(page, '<title>A &lt;b></title>', '/p.js', '/resources/testharness.js', '/common/x.js', 'a.any.js"');
    for (const [kind, constructor] of [
      ['worker', 'Worker'] as const,
      ['sharedworker', 'SharedWorker'] as const
    ]) {
      const { body } = await get(`/eventsource/a.any.${kind}.html?q`);
      order(body, '/p.js', `fetch_tests_from_worker(new ${constructor}("/eventsource/a.any.${kind}.js?q"))`);
      const script = (await get(`/eventsource/a.any.${kind}.js?q`)).body;
      order(
        script,
        '"/p.js"',
        'META_TITLE = "A <b>"',
        'testharness.js',
        '"/common/x.js"',
        '/a.any.js"',
        'done()'
      );
    }
    expect((await get('/eventsource/b.window.html')).body).toContain('<meta name="timeout" content="long">');
    expect((await get('/eventsource/dedicated-worker/c.worker.html')).body).toContain(
      'new Worker("/eventsource/dedicated-worker/c.worker.js")'
    );
    expect((await get('/eventsource/none.any.html')).status).toBe(404);
  });

  it('runs the prelude first in pages and workers that are there', async () => {
    expect((await get('/eventsource/e.htm')).body).toMatch(/^<!DOCTYPE html><script src="\/p\.js">/);
    expect((await get('/eventsource/dedicated-worker/d.js')).body).toMatch(
      /^.*importScripts\("\/p\.js"\); postM/
    );
    expect((await get('/eventsource/a.any.js')).body).toMatch(/^\/\/ META/);
  });
});
