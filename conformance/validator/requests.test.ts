import { expect, it } from 'vitest';
import { validate, type ValidateOptions } from './index.ts';
import { found, head, judge, serve } from './raw-server.ts';

it('what is sent: method, body, headers; a POST goes once', async () => {
  const seen: string[] = [];
  await judge(
    (socket, request) => {
      seen.push(request);
      socket.write(`${head}\r\ndata: 1\n\n`);
    },
    { duration: 300, method: 'POST', body: Buffer.from('{}'), headers: [{ name: 'accept', value: 'x/y' }] }
  );
  expect(seen.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  expect(seen[0]).toMatch(/\r\nContent-Length: 2\r\n\r\n\{\}$/);
  expect(seen[0]!.match(/\r\naccept: .*/gi)).toEqual(['\r\naccept: x/y']);
});

it('what is sent: a Host and a Content-Length of --header are in place of the own', async () => {
  const seen: string[] = [];
  await judge(
    (socket, request) => {
      seen.push(request);
      socket.write(`${head}\r\ndata: 1\n\n`);
    },
    {
      duration: 300,
      method: 'POST',
      body: Buffer.from('{}'),
      headers: [
        { name: 'host', value: 'a.example' },
        { name: 'content-length', value: '3' }
      ]
    }
  );
  expect(seen[0]!.match(/\r\n(host|content-length): .*/gi)).toEqual([
    '\r\nhost: a.example',
    '\r\ncontent-length: 3'
  ]);
  expect(seen.slice(1).filter((request) => /content-length/i.test(request))).toEqual([]);
});

it.concurrent('what is sent: no id in the URL that has no room there', async () => {
  const seen: string[] = [];
  await judge(
    (socket, request) => {
      seen.push(request);
      socket.write(`${head}\r\nid: 1${'0'.repeat(1000)}\ndata: 1\n\nid: 2\ndata: 2\n\n`);
    },
    { duration: 300, probes: ['again', 'first-id', 'query-id'] }
  );
  expect(seen.map((request) => request.split('\r\n', 1)[0])).toEqual(Array(3).fill('GET / HTTP/1.1'));
});

it.concurrent.each<[string, string[], ValidateOptions]>([
  ['an API', ['accept: text/event-stream', 'content-type: application/json'], { profile: 'openai' }],
  [
    'MCP',
    ['accept: application/json, text/event-stream', 'content-type: application/json'],
    { profile: 'mcp' }
  ],
  ['no profile', ['accept: text/event-stream'], {}],
  [
    'headers of --header',
    ['accept: x/y', 'content-type: a/b'],
    {
      profile: 'mcp',
      headers: [
        { name: 'accept', value: 'x/y' },
        { name: 'content-type', value: 'a/b' }
      ]
    }
  ]
])('what is sent with a body: %s', async (_, expected, options) => {
  const seen: string[] = [];
  await judge(
    (socket, request) => {
      seen.push(request.toLowerCase());
      socket.write(`${head}\r\ndata: {}\n\n`);
    },
    { duration: 300, probes: [], method: 'POST', body: Buffer.from('{}'), ...options }
  );
  expect(seen[0]!.match(/^(accept|content-type): .*(?=\r)/gm)).toEqual(expected);
});

it.each([
  ['50%', '50%'],
  ['%zz%C3%BC', '%zzü'],
  ['%ff', '\xff']
])('the password %s of the URL is decoded as far as it can be', async (written, password) => {
  const seen: string[] = [];
  const url = await serve((socket, request) => {
    seen.push(request);
    socket.write(`${head}\r\ndata: 1\n\n`);
  });
  const result = await validate(url.replace('//', `//u:${written}@`), { duration: 300, probes: [] }).result;
  const expected = Buffer.from(`u:${password}`, password === '\xff' ? 'latin1' : 'utf8').toString('base64');
  expect(seen[0]).toContain(`\r\nAuthorization: Basic ${expected}\r\n`);
  expect(result.stream!.events).toBe(1);
});

it.concurrent.each([
  [301, 'POST', 'GET'],
  [302, 'POST', 'GET'],
  [303, 'POST', 'GET'],
  [303, 'PUT', 'GET'],
  [302, 'PUT', 'PUT'],
  [307, 'POST', 'POST'],
  [308, 'POST', 'POST']
])('a redirect by %i makes of %s a %s', async (status, method, expected) => {
  const seen: string[] = [];
  const result = await judge(
    (socket, request) => {
      seen.push(request);
      if (seen.length === 1) socket.end(`HTTP/1.1 ${status} x\r\nLocation: /b\r\n\r\n`);
      else socket.write(`${head}\r\ndata: 1\n\n`);
    },
    {
      duration: 300,
      probes: [],
      method,
      body: Buffer.from('{}'),
      headers: [{ name: 'content-type', value: 'application/json' }]
    }
  );
  expect(result.stream!.events).toBe(1);
  expect(seen[1]!.startsWith(`${expected} /b `)).toBe(true);
  for (const part of [/\r\n\r\n\{\}$/, /\r\ncontent-type: /i, /\r\ncontent-length: /i])
    expect(part.test(seen[1]!)).toBe(expected !== 'GET');
});

it('a Host of --header does not follow a redirect to another origin', async () => {
  const hosts: string[] = [];
  const note = (request: string) => hosts.push(/\r\nHost: (.*)\r\n/.exec(request)![1]!);
  const target = await serve((socket, request) => {
    note(request);
    socket.write(`${head}\r\ndata: 1\n\n`);
  });
  await judge(
    (socket, request) => {
      note(request);
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${target}\r\n\r\n`);
    },
    { duration: 300, probes: [], headers: [{ name: 'Host', value: 'a.example' }] }
  );
  expect(hosts).toEqual(['a.example', new URL(target).host]);
});

it('the user and the password of the URL are sent, and found', async () => {
  const seen: string[] = [];
  const url = await serve((socket, request) => {
    seen.push(request);
    socket.write(`${head}\r\ndata: 1\n\n`);
  });
  const result = await validate(url.replace('//', '//us%20er:pass@'), { duration: 300, probes: [] }).result;
  expect(seen[0]).toContain(`\r\nAuthorization: Basic ${Buffer.from('us er:pass').toString('base64')}\r\n`);
  expect(found(result)).toContain('S07');
  expect(result.subject).toBe(url);
  expect(JSON.stringify(result)).not.toMatch(/us%20er|us er|pass@/);
});
