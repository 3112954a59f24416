import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { validate, type Result } from './index.ts';
import { flood, found, head, judge, serve, servers } from './raw-server.ts';

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

  it.concurrent('interim heads without end', async () => {
    const result = await within(
      2000,
      judge((socket) => flood(socket, Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(2000))))
    );
    expect(result.failure).toEqual({ kind: 'garbage', message: 'more than 100 interim heads (1xx)' });
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

  it.concurrent('silence in place of a TLS handshake', async () => {
    const url = await serve(() => {});
    const { failure } = await within(6000, validate(url.replace('http:', 'https:')).result);
    expect(failure).toEqual({
      kind: 'timeout',
      message: expect.stringMatching(/^no TLS handshake with 127.0.0.1 port \d+ within 3000 ms$/) as string
    });
  });

  it.concurrent('redirects without end', async () => {
    const result = await within(
      6000,
      judge((socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'))
    );
    expect(result.failure!.kind).toBe('redirects');
  });

  it.concurrent.each(['/', 'http://[', 'data:,'])('a redirect to %s is no refusal', async (location) => {
    const result = await judge((socket) =>
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`)
    );
    expect(result.findings[0]).toMatchObject({
      rule: 'H25',
      message: expect.stringMatching(/^The redirects \(302\) .* a network error, and ask again/) as string
    });
    expect(result.clients[0]!.says).toMatch(/^nothing: a network error/);
  });

  it.concurrent('an answer that is broken off before its first byte', async () => {
    const { headline } = await judge(
      (socket) => socket.end(`${head}Transfer-Encoding: chunked\r\n\r\nno chunk\r\n`),
      { probes: [] }
    );
    expect(headline).toBe('No message was delivered: the answer is broken off before its first byte.');
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
