import { expect, it } from 'vitest';
import { assertNoFindings, lint, validate, type ValidateOptions, type ValidationEvent } from './index.ts';
import { found, head, judge, serve } from './raw-server.ts';

it('the handler that writes a retry and a line of data and returns: first that no message is ever delivered', async () => {
  const result = await judge((socket) =>
    socket.end(
      'HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: private\r\nContent-Length: 36\r\n\r\nretry:1000\ndata:11/23/2026 05:00:00\n'
    )
  );
  expect(result.headline).toBe('No message will ever be delivered: the block is not ended by a blank line.');
  const [first] = result.findings;
  expect(first).toMatchObject({ rule: 'F01', severity: 'error', kinds: ['violation'], offset: 0, line: 1 });
  expect(first!.message).toMatch(/No message will ever be delivered.*not ended by a blank line/);
  expect(
    found(result)
      .filter((id) => ['H17', 'H18', 'T02', 'R21', 'R24'].includes(id))
      .toSorted()
  ).toEqual(['H17', 'H18', 'R21', 'R24', 'T02']);
  expect(result.findings.find(({ rule }) => rule === 'R21')!.message).toContain('once a second');
  expect(result.stream).toMatchObject({ bytes: 36, events: 0, reconnectionTime: 1000 });
});

it('findings come while the stream runs', async () => {
  const url = await serve((socket) => {
    socket.write(`${head}\r\ndata: 1\n\n`);
    setTimeout(() => socket.write('retry: 0\n\n'), 200);
  });
  const events: ValidationEvent[] = [];
  for await (const event of validate(url, { duration: 600, probes: [] })) events.push(event);
  const retry = events.find((event) => event.type === 'finding' && event.finding.rule === 'R16');
  expect(retry).toMatchObject({ at: expect.any(Number) as number });
  expect((retry as { at: number }).at).toBeLessThan(500);
  expect(events[0]).toEqual({ type: 'progress', waitingFor: 'the stream' });
  expect(events.at(-1)!.type).toBe('result');
});

it('a probe that was left out is not observed, and says how to get it', async () => {
  const result = await judge((socket) => socket.write(`${head}\r\ndata: 1\n\n`), {
    duration: 300,
    probes: []
  });
  expect(result.requests.map(({ probe }) => probe)).toEqual(['plain']);
  expect(result.verdicts).toContainEqual({
    rule: 'H14',
    verdict: 'not observed',
    needed: 'the probe head-request: --probes head-request'
  });
});

it.concurrent.each<[string, string, string, ValidateOptions]>([
  ['400 No', '{"error":"no"}', 'E H25', { profile: 'openai', method: 'POST' }],
  ['405 No', '', 'E H25', { profile: 'openai', method: 'POST' }],
  ['405 No', '', 'I D01', { profile: 'openai' }],
  ['400 No', '', 'E H25', { profile: 'graphql-sse' }],
  ['400 No', '{"jsonrpc":"2.0","error":{}}', 'I D09', { profile: 'mcp' }],
  ['400 No', '{"jsonrpc":"2.0","error":{}}', 'E H25', { profile: 'mcp', method: 'POST' }],
  ['400 No', '', 'E H25', { profile: 'mcp' }],
  ['406 No', '', 'E H16', {}],
  ['429 No', '', 'E H09', {}],
  ['503 No', '', 'E H09', {}],
  ['200 OK', '{"jsonrpc":"2.0","error":{}}', '', { profile: 'mcp', method: 'POST' }],
  ['200 OK', '{"jsonrpc":"2.0","result":{}}', 'E H01', { profile: 'mcp' }],
  ['202 OK', '', '', { profile: 'mcp', method: 'POST' }],
  ['202 OK', '', 'E H06', {}]
])('an answer with status %s and %j: %j, with %j', async (status, body, expected, options) => {
  const { findings, headline } = await judge(
    (socket) => socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n\r\n${body}`),
    { duration: 300, ...options }
  );
  expect(findings.map(({ rule, severity }) => `${severity[0]!.toUpperCase()} ${rule}`).join()).toBe(expected);
  const refusal =
    expected === 'E H01' ? 'No client that keeps the standard gets a stream.' : 'No client gets a stream.';
  expect(headline).toBe(expected.startsWith('E') ? refusal : 'There is no event stream.');
});

it.concurrent.each<[string, string, boolean]>([
  ['HTTP/1.1 403 No\r\nContent-Type: application/json', 'W H25', false],
  ['HTTP/1.1 200 OK\r\nContent-Type: application/json', 'W H01', false],
  ['HTTP/1.1 200 OK\r\nContent-Type: application/json', 'W H01', true],
  ['HTTP/1.1 204 No', '', true],
  ['HTTP/1.1 404 No', 'I H25', true],
  ['HTTP/1.1 404 No', 'W H25', false],
  ['HTTP/1.1 409 Conflict', '', false],
  ['HTTP/1.1 409 Conflict', 'W H25', true]
])('a reconnection answered with %j: %j; after an end: %j', async (answer, expected, isOver) => {
  let requests = 0;
  const { findings } = await judge(
    (socket) => {
      if (++requests > 1) return void socket.end(`${answer}\r\n\r\n`);
      socket.write(`${head}\r\ndata: {"a":1}\n\ndata: {"a":2}\n\n`);
      if (isOver) socket.end();
    },
    { duration: 300, probes: ['again'], ignore: ['R18', 'R24', 'T03', 'T08', 'H24', 'S10'] }
  );
  expect(findings.map(({ rule, severity }) => `${severity[0]!.toUpperCase()} ${rule}`).join()).toBe(expected);
});

it('the headline says of advice alone not that clients lose something', async () => {
  const result = await judge(
    (socket) => socket.write(`${head.replace('no-store', 'max-age=9')}\r\ndata: 1\n\n`),
    { duration: 300, probes: [] }
  );
  expect(result.findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule)).toEqual([
    'T02'
  ]);
  expect(result.headline).toBe('1 event in 9 bytes; clients or proxies in use break it.');
});

it('assertNoFindings throws the text of the findings', async () => {
  const bad = await judge((socket) => socket.end(`${head}\r\ndata: 1`), { probes: [] });
  expect(() => assertNoFindings(bad)).toThrow(
    /No message will ever be delivered[^]*error F01 in line 1: .*blank line/
  );
  const fine = await judge((socket) => socket.write(`${head}\r\ndata: 1\n\n`), { duration: 300, probes: [] });
  expect(() => assertNoFindings(fine)).not.toThrow();
});

it.concurrent.each<[ValidateOptions, RegExp]>([
  [{ profile: 'opnai' as 'openai' }, /^profile must be of plain, openai, .* not "opnai"$/],
  [{ ignore: ['F99'] }, /^ignore must be of H01, .* not "F99"$/],
  [{ probes: ['agian' as 'again'] }, /^probes must be of again, .* not "agian"$/],
  [{ duration: NaN }, /^duration must be a number above 0, not NaN$/],
  [{ duration: 2 ** 31 }, /^duration must be at most/],
  [{ maxBytes: 0 }, /^maxBytes must be a number above 0, not 0$/],
  [{ headers: [{ name: 'a', value: 'b\r\nc: d' }] }, /Name: value/]
])('refuses %j', async (options, message) => {
  const { result } = validate('http://127.0.0.1:1/', options);
  await expect(result).rejects.toThrow(TypeError);
  await expect(result).rejects.toThrow(message);
});

it('a rule gives way only to one that is not left out', async () => {
  const ended = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n';
  const rulesOf = async (ignore: string[]) =>
    found(await judge((socket) => socket.end(ended), { probes: ['again'], ignore }));
  expect(await rulesOf([])).toEqual(expect.not.arrayContaining(['R23', 'T03']));
  expect(await rulesOf(['R21', 'T01'])).toEqual(expect.arrayContaining(['R23', 'T03']));
});

it('empty data of MCP is what a stream begins with, and nothing later', async () => {
  const rulesOf = async (text: string) =>
    found(await lint(Buffer.from(text), { profile: 'mcp', ignore: ['R18'] })).toSorted();
  const message = 'id: 2\ndata: {"jsonrpc":"2.0","method":"a"}\n\n';
  expect(await rulesOf(`id: 1\ndata: \n\n${message}`)).toEqual(['D07']);
  expect(await rulesOf(`${message}id: 3\ndata: \n\nid: 4\ndata:\n\n`)).toEqual(['D06', 'F17']);
});

it('the endpoint of MCP is what a stream begins with, and nothing later', async () => {
  const timesOf = async (text: string) => {
    const { findings } = await lint(Buffer.from(text), { profile: 'mcp' });
    return findings.find(({ rule }) => rule === 'D06')?.times;
  };
  const endpoint = 'event: endpoint\ndata: /messages?sessionId=1\n\n';
  expect(await timesOf(endpoint)).toBe(undefined);
  expect(await timesOf(endpoint + endpoint)).toBe(1);
});

it('lint refuses a text', async () => {
  await expect(lint('data: 1\n\n' as unknown as Uint8Array)).rejects.toThrow('lint takes bytes');
});

it('takes a body as text', async () => {
  const seen: string[] = [];
  await judge(
    (socket, request) => {
      seen.push(request);
      socket.end(`${head}\r\ndata: 1\n\n`);
    },
    { method: 'POST', body: '{"a":"é"}', probes: [] }
  );
  expect(Buffer.from(seen[0]!, 'latin1').toString()).toMatch(/\r\nContent-Length: 10\r\n\r\n\{"a":"é"\}$/);
});
