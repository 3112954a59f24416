import fc from 'fast-check';
import { createServer, type Socket } from 'node:net';
import { constants, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import {
  assertNoFindings,
  validate,
  type Result,
  type ValidateOptions,
  type ValidationEvent
} from './index.ts';

const servers: { close(): void }[] = [];
afterAll(() => servers.forEach((server) => server.close()));

/** A server that answers each request, as bytes, with what it likes. */
async function serve(answer: (socket: Socket, request: string) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.once('data', (bytes) => answer(socket, bytes.toString('latin1')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push({
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
}

const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n';

async function judge(
  answer: (socket: Socket, request: string) => void,
  options?: ValidateOptions
): Promise<Result> {
  return validate(await serve(answer), options).result;
}

function found({ findings }: Result): string[] {
  return findings.map(({ rule }) => rule);
}

/** Answers with a stream that says something each 200 ms. */
function repeat(socket: Socket, text: (n: number) => string): void {
  let n = 0;
  socket.write(`${head}\r\n${text(n)}`);
  const timer = setInterval(() => socket.write(text(++n)), 200);
  socket.on('close', () => clearInterval(timer));
}

/** Writes for ever, as fast as the reader takes it. */
function flood(socket: Socket, bytes: Buffer): void {
  const write = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', write);
  write();
}

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

describe('a server that misbehaves ends in a clear result, in time', () => {
  const within = async (ms: number, result: Promise<Result>) => {
    const start = performance.now();
    const value = await result;
    expect(performance.now() - start).toBeLessThan(ms);
    return value;
  };

  it('endless', async () => {
    const bytes = Buffer.from('id: 1\ndata: x\n\n'.repeat(1000));
    const result = await within(
      8000,
      judge((socket) => {
        socket.write(`${head}\r\n`);
        flood(socket, bytes);
      })
    );
    // Which of the two comes first is the machine's.
    expect(result.stream!.ending).toMatch(/^(byte|time) limit$/);
    expect(result.stream!.events).toBeGreaterThan(1000);
    expect(found(result)).not.toContain('F01');
  });

  it('one huge line', async () => {
    const result = await within(
      8000,
      judge((socket) => {
        socket.write(`${head}\r\ndata: `);
        flood(socket, Buffer.alloc(65536, 'x'));
      })
    );
    expect(found(result)).toContain('F26');
  });

  it('a block without end', async () => {
    const result = await within(
      8000,
      judge(
        (socket) => {
          socket.write(`${head}\r\n`);
          flood(socket, Buffer.from('data: x\n'.repeat(4096)));
        },
        { maxBytes: 20 * 1024 * 1024 }
      )
    );
    expect(found(result)).toContain('F26');
  });

  it.each([
    ['line feeds', '\n'],
    ['carriage returns', '\r'],
    ['spaces', ' '],
    ['lines of one character', 'x\n'],
    ['bytes that are not UTF-8', '\xff'],
    ['stack traces that never end', '\tat x( at x( in ']
  ])('nothing but %s', { timeout: 20_000 }, async (_, text) => {
    const bytes = Buffer.from(text.repeat(65536 / text.length), 'latin1');
    const result = await within(
      10_000,
      judge(
        (socket) => {
          socket.write(`${head}\r\n`);
          flood(socket, bytes);
        },
        { probes: [] }
      )
    );
    expect(result.stream!.ending).toMatch(/^(byte|time) limit$/);
  });

  it('compressed bytes without end, faster than they are decoded', { timeout: 20_000 }, async () => {
    const member = gzipSync('data: 1\n\n');
    let taken = 0;
    const result = await within(
      10_000,
      judge(
        (socket) => {
          socket.write(`${head}Content-Encoding: gzip\r\n\r\n`);
          flood(socket, Buffer.concat(Array<Buffer>(500).fill(member)));
          socket.on('close', () => (taken = socket.bytesWritten));
        },
        { probes: [] }
      )
    );
    // What is not decoded yet is not read.
    expect(taken).toBeLessThan((result.stream!.bytes / 9) * member.length + 16 * 1024 * 1024);
  });

  it('a gzip bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 'x'));
    const result = await within(
      8000,
      judge((socket) =>
        socket.end(Buffer.concat([Buffer.from(`${head}Content-Encoding: gzip\r\n\r\n`), bomb]))
      )
    );
    expect(result.stream!.ending).toBe('byte limit');
    expect(result.stream!.bytes).toBe(16 * 1024 * 1024);
  });

  it.concurrent('compressed garbage', async () => {
    const result = await within(
      8000,
      judge((socket) => socket.end(`${head}Content-Encoding: gzip\r\n\r\nno gzip at all`))
    );
    expect(result.failure).toBeUndefined();
    expect(result.headline).toContain('cannot be decoded');
    expect(found(result)).toContain('T25');
  });

  it('nobody answers while the loop for a client that has left runs on', async () => {
    let requests = 0;
    const result = await within(
      6000,
      judge(
        (socket) => {
          if (++requests === 1) socket.write(`${head}\r\ndata: 1\n\n`);
        },
        { duration: 300 }
      )
    );
    expect(found(result)).toContain('T23');
  });

  it.concurrent('a head that waits for the first event, or for a full buffer', async () => {
    const result = await within(
      6000,
      judge((socket, request) => {
        if (request.startsWith('HEAD')) socket.end(`${head}\r\n`);
      })
    );
    expect(result.failure).toMatchObject({ kind: 'timeout' });
    expect(result.headline).toMatch(/^No answer/);
    expect(found(result)).toContain('T09');
  });

  it.concurrent('a head byte by byte', async () => {
    const result = await within(
      6000,
      judge((socket) => {
        const timer = setInterval(() => socket.write('H'), 200);
        socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
        socket.on('close', () => clearInterval(timer));
      })
    );
    expect(result.failure).toMatchObject({ kind: 'timeout' });
  });

  it.concurrent('a head without end', async () => {
    const result = await within(
      6000,
      judge((socket) => flood(socket, Buffer.from('HTTP/1.1 200 OK\r\nX: y\r\n')))
    );
    expect(result.failure!.kind).toBe('garbage');
  });

  it.concurrent('garbage, with escape sequences', async () => {
    const result = await within(
      6000,
      judge((socket) => socket.end('\x1b[31mSSH-2.0-x\r\n'))
    );
    expect(result.failure).toMatchObject({
      kind: 'garbage',
      message: expect.stringContaining('not HTTP') as string
    });
    expect(result.headline).not.toContain('\x1b');
  });

  it.concurrent('closed at once, silence, reset', async () => {
    const [closed, silent, reset] = await Promise.all([
      within(
        6000,
        judge((socket) => socket.end())
      ),
      within(
        6000,
        judge(() => {})
      ),
      within(
        6000,
        judge((socket) => socket.resetAndDestroy())
      )
    ]);
    expect(closed.failure!.kind).toBe('closed');
    expect(silent.failure!.kind).toBe('timeout');
    expect(reset.failure!.kind).toBe('closed');
  });

  it.concurrent('redirects without end', async () => {
    const result = await within(
      6000,
      judge((socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'))
    );
    expect(result.failure!.kind).toBe('redirects');
  });

  it.concurrent('a head of 60 KB in one header of spaces, byte by byte', async () => {
    const result = await within(
      6000,
      judge(
        (socket) => {
          socket.setNoDelay(true);
          for (const part of `${head}X: ${' '.repeat(60_000)}y\r\n\r\ndata: 1\n\n`.match(/[^]{1,100}/g)!)
            socket.write(part);
        },
        { probes: [], duration: 300 }
      )
    );
    expect(result.stream!.events).toBe(1);
  });

  it.concurrent.each([
    ['', 'after 9 bytes'],
    ['Content-Length: 20\r\n', 'before its 20 bytes were there, after 9 bytes'],
    ['Transfer-Encoding: chunked\r\n', 'without the last chunk, after 9 bytes']
  ])('reset with the framing %j', async (field, message) => {
    const result = await judge(
      (socket) => {
        socket.write(`${head}${field}\r\n${field.startsWith('T') ? '9\r\n' : ''}data: 1\n\n`);
        setTimeout(() => socket.resetAndDestroy(), 100);
      },
      { probes: [] }
    );
    expect(result.findings.find(({ rule }) => rule === 'H21')!.message).toContain(message);
  });

  it.concurrent.each(['101 Switching Protocols', '000 None', '999 None'])('status %s', async (status) => {
    const result = await judge((socket) => socket.end(`HTTP/1.1 ${status}\r\n\r\n`), { probes: [] });
    expect(found(result)).toEqual(['H25']);
  });

  it.concurrent('chunks that are none', async () => {
    const result = await within(
      6000,
      judge((socket) => socket.end(`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\ndata: 1\n\n`))
    );
    expect(result.findings.find(({ rule }) => rule === 'H21')).toMatchObject({ severity: 'error' });
  });

  it.concurrent('nobody there, no such name', async () => {
    const url = await serve(() => {});
    servers.at(-1)!.close();
    const [refused, unknown] = await Promise.all([
      validate(url).result,
      validate('http://no-such-name.invalid/').result
    ]);
    expect(refused.failure!.kind).toBe('refused');
    expect(unknown.failure!.kind).toBe('DNS');
    expect(refused.verdicts.filter(({ verdict }) => verdict === 'ok').map(({ rule }) => rule)).toEqual([
      'T22',
      'S07'
    ]);
  });

  it.concurrent('plain text where TLS is expected', async () => {
    const url = await serve((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const { failure } = await validate(url.replace('http:', 'https:')).result;
    expect(failure).toEqual({ kind: 'TLS', message: 'what answers does not speak TLS' });
  });
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
  expect(headline).toBe(expected.startsWith('E') ? 'No client gets a stream.' : 'There is no event stream.');
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

it.concurrent.each([
  ['of which not all is there yet', '"b"'],
  ['of more bytes than a line may have', 'x'.repeat(5 * 1024 * 1024)]
])('JSON with line feeds, %s, is not a stream without line feeds', async (_, rest) => {
  const result = await judge(
    (socket) => socket.write(`${head}\r\ndata: {"a":"line 1\\nline 2\\n\\nid","c":${rest}`),
    { duration: 600, probes: [] }
  );
  expect(found(result)).not.toContain('F02');
});

it.concurrent.each<[string, string, ValidateOptions]>([
  ['limit of bytes', '\xc3\xbc\n\n', { maxBytes: 7 }],
  ['end of the watch', '\xc3', {}]
])('a character that is cut by the %s is no fault of UTF-8', async (_, data, options) => {
  const cut = await judge((socket) => socket.write(Buffer.from(`${head}\r\ndata: ${data}`, 'latin1')), {
    duration: 300,
    probes: [],
    ...options
  });
  expect(cut.stream!.bytes).toBe(7);
  expect(found(cut)).not.toContain('F09');
  const ended = await judge((socket) => socket.end(Buffer.from(`${head}\r\ndata: \xc3`, 'latin1')), {
    probes: []
  });
  expect(found(ended)).toContain('F09');
});

it.concurrent.each<[string, string[]]>([
  ['text/event-stream', []],
  ['text/plain, text/event-stream', ['H04']],
  ['text/plain\r\nContent-Type: text/event-stream', ['H04']],
  ['text/event-stream, text/html', ['H01', 'H04']],
  ['text/event-stream, */*', ['H04']],
  ['text/event-stream; x="a, b"', []],
  ['text/event-stream; x="a\\", b"', []],
  ['text/event-stream;x=";charset=utf8"', []],
  ['text/event-stream;charset=utf8', ['H03']],
  ['text/event-stream;x="a";charset="utf8"', ['H03']],
  ['text/event-stream;charset=utf8, text/event-stream', ['H03', 'H04']],
  ['text/event-stream;charset=utf8, text/html, text/event-stream', ['H04']],
  ['text/event-stream;x="LONG', []]
])('the Content-Type is read as Fetch does: %s', async (type, expected) => {
  const result = await judge(
    (socket) =>
      socket.write(
        head.replace('text/event-stream', () => type.replace('LONG', `${'\\"'.repeat(25_000)}\\`)) +
          '\r\ndata: 1\n\n'
      ),
    { duration: 300, probes: [] }
  );
  expect(
    found(result)
      .filter((id) => /^H0[1-4]$/.test(id))
      .toSorted()
  ).toEqual(expected);
  expect(result.duration).toBeLessThan(3000);
});

describe('more of what a rule is for', { concurrent: true }, () => {
  const beginning = `${head}\r\nretry: 3000\n\n`;
  const writing = (text: string) => (socket: Socket) => void socket.write(beginning + text);
  it.each<[string, string, (socket: Socket, request: string) => void, ValidateOptions?]>([
    [
      'F02',
      'line feeds written as two characters',
      (socket) => socket.write(`${head}\r\ndata: 1\\n\\ndata: 2\\n\\n`)
    ],
    ['F02', 'no line end at all', (socket) => repeat(socket, (n) => `data: tick ${n}`), { duration: 1500 }],
    [
      'F02',
      'a blank line before',
      (socket) => repeat(socket, (n) => `${n === 0 ? ': hi\n\n' : ''}data: tick ${n}\n`),
      { duration: 1500 }
    ],
    ['F03', 'a word alone', writing('hello\n\n')],
    ['F03', 'JSON without a line end', (socket) => socket.end(`${head}\r\n{"error":"unauthorized"}`)],
    ['F03', 'JSON without a line end, and no end', (socket) => socket.write(`${head}\r\n{"error":1}`)],
    ['F05', 'no line end', (socket) => socket.end(`${head}\r\nData: hello`)],
    ['F04', 'a word alone after data', writing('data: hello\nworld\n\n')],
    ['F21', 'a promise', writing('data: [object Promise]\n\n')],
    ['F22', 'an id that is missing', writing('id: undefined\ndata: 1\n\n')],
    ['T13', 'an object that stands for life', writing('data: {"type":"ping","time":17}\n\n'.repeat(2))],
    ['R05', 'a token in an id', writing('id: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln\ndata: 1\n\n')],
    ['R09', 'an id of before', writing('id: 1\ndata: 1\n\nid: 2\ndata: 2\n\nid: 1\ndata: 3\n\n')],
    [
      'H07',
      'markup after a comment',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!-- x --><title>')
    ],
    [
      'H07',
      'a page that is labelled as a stream',
      (socket) => socket.end(`${head}\r\n<!DOCTYPE html><form><input type="password"></form>`)
    ],
    [
      'H08',
      'a problem',
      (socket) =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/problem+json\r\n\r\n{"status":500}')
    ],
    [
      'H20',
      'two lengths',
      (socket) => socket.end(`${head}Content-Length: 9\r\nContent-Length: 5\r\n\r\ndata: 1\n\n`)
    ],
    [
      'T02',
      'kept by shared caches only',
      (socket) =>
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: max-age=0, s-maxage=9\r\n\r\ndata: 1\n\n'
        )
    ],
    ['S09', 'a panic', (socket) => socket.end('HTTP/1.1 500 No\r\n\r\npanic: no\n\ngoroutine 1 [running]:\n')]
  ])('%s: %s', async (id, _, answer, options) => {
    expect(found(await judge(answer, { duration: 300, probes: [], ...options }))).toContain(id);
  });

  const idOf = (request: string) => /\r\nLast-Event-ID: ?(.*)\r\n/.exec(request)?.[1];
  it.each<[string, string, (socket: Socket, request: string) => void, ValidateOptions?]>([
    [
      'T04',
      'no head when compressed',
      (socket, request) => void (/gzip/.test(request) || socket.write(`${beginning}data: 1\n\n`))
    ],
    [
      'R10',
      'closed for an unknown id',
      (socket, request) =>
        void (idOf(request)?.startsWith('no-such') ? socket.end() : socket.write(`${beginning}data: 1\n\n`))
    ],
    [
      'R10',
      'an error for an empty id',
      (socket, request) =>
        void (idOf(request) === ''
          ? socket.end('HTTP/1.1 500 No\r\n\r\n')
          : socket.write(`${beginning}data: 1\n\n`))
    ],
    [
      'R10',
      'an error for a long id',
      (socket, request) =>
        void (idOf(request)?.startsWith('zzz')
          ? socket.end('HTTP/1.1 502 No\r\n\r\n')
          : socket.write(`${beginning}data: 1\n\n`))
    ],
    [
      'R10',
      'broken off after an unknown id',
      (socket, request) => {
        socket.write(beginning);
        if (idOf(request)?.startsWith('no-such')) socket.resetAndDestroy();
        else socket.write('data: 1\n\n');
      }
    ],
    [
      'R11',
      'an event is left out',
      (socket, request) => {
        const from = idOf(request) === undefined ? 1 : Number(idOf(request)) + 2;
        socket.write(
          beginning +
            [1, 2, 3, 4]
              .filter((n) => n >= from)
              .map((n) => `id: ${n}\ndata: ${n}\n\n`)
              .join('')
        );
      }
    ],
    [
      'X08',
      'a preflight that allows no origin',
      (socket, request) =>
        socket.write(
          request.startsWith('OPTIONS')
            ? 'HTTP/1.1 204 OK\r\n\r\n'
            : `${head}Access-Control-Allow-Origin: *\r\n\r\ndata: 1\n\n`
        )
    ],
    [
      'X03',
      'every origin, beside --origin',
      (socket, request) =>
        socket.write(
          `${head}Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Origin: ${/\r\nOrigin: (.*)/.exec(request)?.[1]}\r\n\r\ndata: 1\n\n`
        ),
      { origin: 'https://a.example' }
    ],
    [
      'X01',
      'an origin that is allowed twice',
      (socket) =>
        socket.write(
          `${head}Access-Control-Allow-Origin: https://a.example\r\nAccess-Control-Allow-Origin: *\r\n\r\ndata: 1\n\n`
        )
    ],
    ...['*', 'https://a.example'].map<
      [string, string, (socket: Socket, request: string) => void, ValidateOptions]
    >((allowed) => [
      'X01',
      `a cookie, with ${allowed} and no word of credentials`,
      (socket) => socket.write(`${head}Access-Control-Allow-Origin: ${allowed}\r\n\r\ndata: 1\n\n`),
      { origin: 'https://a.example', headers: [{ name: 'Cookie', value: 'a=b' }] }
    ]),
    [
      'X04',
      'an origin of a list is echoed',
      (socket, request) =>
        socket.write(
          `${head.replace('no-store', 'no-cache')}${request.includes('\r\nOrigin: https://a.example\r\n') ? 'Access-Control-Allow-Origin: https://a.example\r\n' : ''}\r\ndata: 1\n\n`
        ),
      { origin: 'https://a.example' }
    ],
    [
      'T23',
      'busy after a stream with ids',
      (() => {
        let requests = 0;
        return (socket: Socket) => void (++requests === 1 && socket.write(`${beginning}id: 1\ndata: 1\n\n`));
      })()
    ],
    [
      'X05',
      'an error without credentials',
      (socket, request) =>
        socket.write(
          /\r\nAuthorization/.test(request)
            ? `${head}Access-Control-Allow-Origin: *\r\n\r\ndata: 1\n\n`
            : 'HTTP/1.1 401 No\r\n\r\n'
        ),
      { headers: [{ name: 'Authorization', value: 'x' }] }
    ]
  ])('%s: %s', { timeout: 15_000 }, async (id, _, answer, options) => {
    expect(found(await judge(answer, { duration: 300, ...options }))).toContain(id);
  });

  it.each<[string, string, (socket: Socket, request: string) => void, ValidateOptions?]>([
    [
      'R10',
      'every reconnection fails',
      (socket, request) =>
        socket.end(idOf(request) === undefined ? `${beginning}id: 1\ndata: 1\n\n` : 'HTTP/1.1 502 No\r\n\r\n')
    ],
    ['R05', 'a name with a version', writing('id: orders@1.2\ndata: 1\n\n')],
    ['T13', 'tokens that are blank', writing('data:     \n\n'.repeat(3))],
    [
      'T23',
      'a reconnection whose head waits',
      (socket, request) => void (idOf(request) || socket.write(`${beginning}id: 1\ndata: 1\n\n`))
    ],
    [
      'T09',
      'an API that may still answer with an error',
      (socket) => setTimeout(() => socket.write(`${head}\r\ndata: {}\n\n`), 1100),
      { profile: 'openai', method: 'POST', duration: 1500 }
    ],
    ...['X01', 'X04', 'X08'].flatMap((id) =>
      [{ origin: 'https://a.example' }, {}].map<
        [string, string, (socket: Socket, request: string) => void, ValidateOptions]
      >((options) => [
        id,
        `the one origin that is allowed, ${JSON.stringify(options)}`,
        (socket, request) =>
          socket.write(
            `${request.startsWith('OPTIONS') ? 'HTTP/1.1 204 OK\r\n' : head.replace('no-store', 'no-cache')}Access-Control-Allow-Origin: https://a.example\r\n\r\n${request.startsWith('GET') ? 'data: 1\n\n' : ''}`
          ),
        options
      ])
    ),
    [
      'X01',
      'a cookie that is allowed',
      (socket) =>
        socket.write(
          `${head}Access-Control-Allow-Origin: https://a.example\r\nAccess-Control-Allow-Credentials: true\r\n\r\ndata: 1\n\n`
        ),
      { origin: 'https://a.example', headers: [{ name: 'Cookie', value: 'a=b' }] }
    ],
    [
      'D03',
      'a finish_reason',
      (socket) => socket.end(`${head}\r\ndata: {"choices":[{"finish_reason":"stop"}]}\n\n`),
      { profile: 'openai' }
    ],
    [
      'D03',
      'a completed response',
      (socket) => socket.end(`${head}\r\nevent: response.completed\ndata: {"type":"response.completed"}\n\n`),
      { profile: 'openai' }
    ]
  ])('%s: not for %s', async (id, _, answer, options) => {
    expect(found(await judge(answer, { duration: 300, ...options }))).not.toContain(id);
  });
});

it.concurrent('F02: not for a line in two pieces', async () => {
  const result = await judge(
    (socket) => {
      socket.write(`${head}\r\ndata: one`);
      setTimeout(() => socket.write(', two'), 1100);
    },
    { duration: 1400, probes: [] }
  );
  expect(found(result)).not.toContain('F02');
  expect(result.headline).toBe('No event in 1 block of 14 bytes.');
});

it.concurrent('F02: not where events came, and a warning of a large line', async () => {
  const options = { duration: 1500, probes: [] };
  const slow = await judge(
    (socket) => repeat(socket, (n) => `${n === 0 ? 'data: 0\n\n' : ''}data: line ${n}\n`),
    options
  );
  expect(found(slow)).not.toContain('F02');
  const large = await judge(
    (socket) => repeat(socket, (n) => (n ? '' : 'data: ') + 'x'.repeat(20_000)),
    options
  );
  expect(large.findings.find(({ rule }) => rule === 'F02')).toMatchObject({ severity: 'warning' });
  expect(large.headline).toMatch(/^No event in 1 block of /);
});

it.concurrent.each<[string, string | undefined, string]>([
  ['message: hello\n\n', 'F27', 'No event in 9 blocks of 144 bytes.'],
  ['event: typing\n\n', 'F16', 'No event in 9 blocks of 135 bytes.'],
  ['event: ping\n\n', undefined, 'No event in 9 blocks of 117 bytes.'],
  ['id: 1\n\n', undefined, 'No event in 9 blocks of 63 bytes.'],
  [': ping\n\nretry: 3000\n\n', undefined, '0 events in 189 bytes; nothing is wrong with what was seen.']
])('blocks without an event: %j', async (block, rule, headline) => {
  const result = await judge((socket) => socket.write(`${head}\r\n${block.repeat(9)}`), {
    duration: 300,
    probes: []
  });
  const serious = result.findings.filter(({ severity }) => severity !== 'information');
  expect(serious.map(({ rule, severity, times }) => [rule, severity, times])).toEqual(
    rule ? [[rule, 'warning', 9]] : []
  );
  expect(result.headline).toBe(headline);
});

describe('R11', { concurrent: true }, () => {
  const idOf = (request: string) => Number(/\r\nLast-Event-ID: ?(\d+)\r\n/.exec(request)?.[1] ?? 0);
  const events = (numbers: number[]) => numbers.map((n) => `id: ${n}\ndata: ${n}\n\n`).join('');
  const after = (from: number) => events([1, 2, 3, 4].filter((n) => n >= from));
  it.each<[string, string | undefined, (id: number) => string]>([
    ['a log', undefined, (id) => after(id + 1)],
    ['a log that begins with the event itself', 'warning', (id) => after(id)],
    ['a log with holes', 'warning', (id) => after(id === 0 ? 1 : id + 2)],
    ['the newest state', 'information', (id) => (id === 0 ? after(1) : after(4))],
    ['the newest state, if it is new', 'information', (id) => (id === 0 ? after(1) : id < 4 ? after(4) : '')]
  ])('%s: %s', async (_, expected, answer) => {
    const { findings } = await judge(
      (socket, request) => void socket.write(`${head}\r\nretry: 3000\n\n${answer(idOf(request))}`),
      { duration: 300, probes: ['again', 'first-id'] }
    );
    expect(findings.find(({ rule }) => rule === 'R11')?.severity).toBe(expected);
  });
});

describe('H23', { concurrent: true }, () => {
  it.each<[string, boolean, string, ValidateOptions?]>([
    ['a session', true, ''],
    ['of the path', true, '; Path=/a'],
    ['of the path, to the end', true, '; path=/a/b; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['of another path', false, '; Path=/a/bb'],
    ['removed', false, '; Max-Age=0'],
    ['long over', false, '; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ['in place of which another is sent', false, '', { headers: [{ name: 'Cookie', value: 'a=1' }] }],
    ['beside another of the name', false, '', { headers: [{ name: 'Cookie', value: 'sid=0' }] }]
  ])('a cookie %s: %j', async (_, expected, attributes, options) => {
    let number = 0;
    const sent: boolean[] = [];
    const url = await serve((socket, request) => {
      sent.push(/\r\nCookie: sid=1\r\n/.test(request));
      socket.write(`${head}Set-Cookie: sid=${++number}${attributes}\r\n\r\ndata: 1\n\n`);
    });
    const result = await validate(`${url}a/b`, { duration: 300, probes: ['again'], ...options }).result;
    expect(sent).toEqual([false, expected]);
    expect(found(result).includes('H23')).toBe(expected);
  });
});

describe('T04', { concurrent: true }, () => {
  const openings = { comment: ': connected\n\n', event: 'data: 0\n\n', nothing: '' };
  /** What comes at once, whether the compressor is flushed, and how long the pauses of a broadcast are, ms. */
  it.each<[keyof typeof openings, boolean, number, string]>([
    ['comment', true, 2000, 'ok'],
    ['event', false, 2000, 'finding'],
    ['nothing', false, 150, 'finding'],
    ['nothing', false, 9000, 'not observed']
  ])('%s at once, flushed: %s, an event every %i ms: %s', async (opening, isFlushed, pause, expected) => {
    const plain = new Set<Socket>();
    const broadcast = () => plain.forEach((socket) => socket.write('data: 1\n\n'));
    const timers: NodeJS.Timeout[] = [];
    const { verdicts } = await judge(
      (socket, request) => {
        const isCompressed = /gzip/.test(request);
        socket.write(`${head}${isCompressed ? 'Content-Encoding: gzip\r\n' : ''}\r\n`);
        const bytes = gzipSync(openings[opening], { finishFlush: constants.Z_SYNC_FLUSH });
        if (isCompressed) return void socket.write(isFlushed ? bytes : bytes.subarray(0, 10));
        socket.write(openings[opening]);
        plain.add(socket);
        // The first client came shortly before an event.
        if (plain.size === 1) timers.push(setTimeout(broadcast, 150), setInterval(broadcast, pause));
      },
      { duration: 1800, probes: opening === 'event' ? ['again', 'compressed'] : ['compressed'] }
    );
    timers.forEach((timer) => clearTimeout(timer));
    expect(verdicts.find(({ rule }) => rule === 'T04')?.verdict).toBe(expected);
  });
});

it('T25: compressed only where it is asked for, and in name only', async () => {
  const result = await judge(
    (socket, request) =>
      socket.write(`${head}${/gzip/.test(request) ? 'Content-Encoding: gzip\r\n' : ''}\r\ndata: 1\n\n`),
    { duration: 300, probes: ['compressed'] }
  );
  expect(result.findings.find(({ rule }) => rule === 'T25')).toMatchObject({
    severity: 'error',
    message: expect.stringContaining('With Accept-Encoding: "gzip, deflate, br"') as string
  });
  expect(result.headline).toBe('1 event in 9 bytes; clients lose events, or the connection.');
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

it('whatever an answer is made of, there is a result', { timeout: 60_000 }, async () => {
  let answer = Buffer.alloc(0);
  const url = await serve((socket) => socket.end(answer));
  const part = fc.constantFrom(
    'HTTP/1.1 ',
    '200 OK',
    '204 No Content',
    '302 Found',
    '\r\n',
    '\n',
    '\r\n\r\n',
    'Content-Type: text/event-stream\r\n',
    'Content-Type: text/html; charset=x\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: -1\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Content-Encoding: gzip\r\n',
    'Content-Encoding: br\r\n',
    'Location: http://[\r\n',
    'Set-Cookie: =;\r\n',
    'ETag\r\n',
    ': \r\n',
    '5\r\ndata:\r\n',
    '0\r\n\r\n',
    'fffffffffff\r\n',
    'data: 1\n\n',
    'id: é\n',
    'retry: 99999999999999999999\n\n',
    '{"error":1}',
    '\0'
  );
  const body = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
  const whole = fc.oneof(
    body,
    body.map((text) => `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${text}`)
  );
  await fc.assert(
    fc.asyncProperty(whole, async (text) => {
      answer = Buffer.from(text, 'latin1');
      const result = await validate(url, { duration: 50, profile: 'mcp' }).result;
      expect(result.failure !== undefined || result.requests[0]!.status !== undefined).toBe(true);
    }),
    { numRuns: 60, interruptAfterTimeLimit: 40_000 }
  );
});
