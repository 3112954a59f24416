import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { playConnection } from './play.ts';
import { get, sendRaw, until } from './raw-client.ts';
import { createFixturesServer, type FixturesServer } from './server.ts';
import type { ConnectionScript } from './stream-script.ts';

let server: FixturesServer;
let played = 0;
beforeAll(async () => {
  server = await createFixturesServer({ ports: [0, 0] });
});
afterAll(() => server.close());

/** Plays one script under an id of its own. */
function play(script: ConnectionScript, options: { headers?: string; method?: string } = {}) {
  const id = `play-${played++}`;
  server.addCases([{ id, connections: [script] }]);
  const origin = server.origins[0]!;
  const path = `/sse/t/${id}`;
  const { headers = '', method = 'GET' } = options;
  const client = sendRaw(
    origin,
    `${method} ${path} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\n${headers}\r\n`
  );
  return { client, origin, path, record: () => server.requests('t', id)[0]! };
}

const ownHead =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n';
const chunkedHead = ownHead + 'Transfer-Encoding: chunked\r\n\r\n';

describe('the bytes on the wire', () => {
  test('one HTTP chunk per write, closed by the last chunk', async () => {
    const { client, record } = play({ stream: ['data: one\n', { hex: 'C3 28 00' }, '\n'], end: 'close' });
    expect(await client.finished()).toBe(
      chunkedHead + 'a\r\ndata: one\n\r\n' + '3\r\n\xc3(\0\r\n' + '1\r\n\n\r\n' + '0\r\n\r\n'
    );
    expect(client.over).toBe('end');
    expect(record().writes.map(({ bytes }) => bytes)).toEqual([
      chunkedHead,
      'a\r\ndata: one\n\r\n',
      '3\r\n\xc3(\0\r\n',
      '1\r\n\n\r\n',
      '0\r\n\r\n'
    ]);
  });

  test('an empty item is not the last chunk', async () => {
    const { client } = play({ stream: ['a', '', 'b'], end: 'close' });
    expect(await client.finished()).toBe(chunkedHead + '1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
  });

  test('until the close', async () => {
    const { client } = play({ stream: ['a', 'é'], framing: 'close', end: 'close' });
    expect(await client.finished()).toBe(ownHead + '\r\na\xc3\xa9');
  });

  test.each([2, 5, 1])('a Content-Length of %d for 2 bytes', async (contentLength) => {
    const { client } = play({ stream: ['ab'], framing: { contentLength }, end: 'close' });
    expect(await client.finished()).toBe(`${ownHead}Content-Length: ${contentLength}\r\n\r\nab`);
  });

  test('a raw head of several writes stands for everything, and the stream follows as it is', async () => {
    const { client, record } = play({
      head: ['HTTP/1.0 299 \r\n', { hex: '41 3a ff 0d 0a' }, { pause: 5 }, '\r\n'],
      stream: ['x'],
      end: 'close'
    });
    expect(await client.finished()).toBe('HTTP/1.0 299 \r\nA:\xff\r\n\r\nx');
    expect(record().writes.map(({ length }) => length)).toEqual([15, 5, 2, 1]);
  });

  test('a connection that is closed or reset before any byte', async () => {
    const closed = play({ head: [], end: 'close' });
    expect(await closed.client.finished()).toBe('');
    expect(closed.client.over).toBe('end');
    const reset = play({ head: [], end: 'reset' });
    expect(await reset.client.finished()).toBe('');
    expect(reset.client.over).toBe('ECONNRESET');
  });

  test('status, reason and headers laid over, removed, repeated, in UTF-8', async () => {
    const { client } = play({
      status: 503,
      headers: { 'content-type': 'text/plain; é', connection: null, 'X-Two': ['1', '2'] },
      end: 'close'
    });
    expect(await client.finished()).toBe(
      'HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; \xc3\xa9\r\nCache-Control: no-store\r\n' +
        'X-Two: 1\r\nX-Two: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    );
    expect(await play({ reason: 'Fine', end: 'cut' }).client.finished()).toMatch(/^HTTP\/1\.1 200 Fine\r\n/);
  });

  test.each([
    [{ status: 204 }, 'GET'],
    [{ status: 304 }, 'GET'],
    [{ status: 103 }, 'GET'],
    [{}, 'HEAD']
  ])('no framing and no body: %j %s', async (script, method) => {
    const { client } = play({ ...script, stream: ['a'], end: 'close' }, { method });
    expect(await client.finished()).toMatch(
      /^HTTP.*\r\nContent-Type.*\r\nCache-Control.*\r\nConnection: close\r\n\r\n$/
    );
  });

  test('a redirect can have a body', async () => {
    const { client } = play({ status: 302, headers: { Location: '/' }, stream: ['a'], end: 'close' });
    expect(await client.finished()).toMatch(/ 302 Found\r\n[^]*Location: \/\r\n[^]*\r\n1\r\na\r\n0\r\n\r\n$/);
  });

  test('placeholders', async () => {
    const value = '{url} {origin} {other-url} {other-origin} {request-origin} {else}';
    const { client, path } = play(
      { headers: { 'X-A': value }, end: 'close' },
      { headers: 'Origin: http://a.b\r\n' }
    );
    const [own, other] = server.origins;
    expect(await client.finished()).toContain(
      `\r\nX-A: ${own}${path} ${own} ${other}${path} ${other} http://a.b {else}\r\n`
    );
  });

  test('a big write arrives whole though the client reads late', async () => {
    const size = 4 * 1024 * 1024;
    const { client, record } = play({
      stream: [{ repeat: ['x'], times: size }, 'end'],
      framing: 'close',
      end: 'close'
    });
    client.socket.pause();
    await until(() => record()?.writes.length === 2, 'the big write');
    expect(record().writes[1]!.length).toBe(size);
    expect(record().writes[1]!.bytes.length).toBe(64 * 1024 - ownHead.length - 2);
    client.socket.resume();
    const received = await client.finished();
    expect(received.length).toBe(ownHead.length + 2 + size + 3);
    expect(received.endsWith('xend')).toBe(true);
  });
});

describe('the end', () => {
  test('hang keeps the connection open, with a Content-Length too', async () => {
    for (const framing of ['chunked', 'close', { contentLength: 1 }] as const) {
      const { client, record } = play({ stream: ['a'], framing });
      await client.receives('\r\n\r\n' + (framing === 'chunked' ? '1\r\na\r\n' : 'a'));
      await play({ stream: ['later'], end: 'close' }).client.finished();
      expect(client.over).toBeNull();
      expect(record()).toMatchObject({ connection: 0, endedAt: null, closedAt: null });
      client.socket.destroy();
    }
  });

  test('cut closes without the last chunk', async () => {
    const { client } = play({ stream: ['a'], end: 'cut' });
    expect(await client.finished()).toBe(chunkedHead + '1\r\na\r\n');
    expect(client.over).toBe('end');
  });

  test('reset comes after the bytes', async () => {
    const { client, record } = play({ stream: ['a', { pause: 10 }], end: 'reset' });
    expect(await client.finished()).toBe(chunkedHead + '1\r\na\r\n');
    expect(client.over).toBe('ECONNRESET');
    expect(record().endedAt).not.toBeNull();
  });
});

describe('time', () => {
  test('a delay and pauses last at least what they say, and are counted from the write before', async () => {
    const { client, record } = play({
      delay: 20,
      stream: ['a', { pause: 15 }, 'b', 'c', { pause: 10 }],
      end: 'close'
    });
    await client.finished();
    await until(() => record().closedAt !== null);
    const { at, writes, endedAt, closedAt } = record();
    const [head, a, b, c, last] = writes.map((write) => write.at) as [number, number, number, number, number];
    expect(head - at).toBeGreaterThanOrEqual(20);
    expect(b - a).toBeGreaterThanOrEqual(15);
    expect(last - c).toBeGreaterThanOrEqual(10);
    expect(last - at).toBeLessThan(500);
    expect([at, head, a, b, c, last, endedAt, closedAt]).toEqual(
      [at, head, a, b, c, last, endedAt, closedAt].toSorted((x, y) => x! - y!)
    );
    expect(Math.abs(at - Date.now())).toBeLessThan(2000);
  });

  test('a client that leaves in the middle stops it', async () => {
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const { client, record } = play({ stream: ['a', { pause: 40 }, 'b'], end: 'close' });
      await client.receives('a\r\n');
      client.socket[leave]();
      await until(() => record().closedAt !== null, `the close after ${leave}`);
      expect(record().closedAt! - record().at).toBeLessThan(40);
      await play({ stream: [{ pause: 45 }], end: 'close' }).client.finished();
      expect(record().writes.length).toBe(2);
      expect(record().endedAt).toBeNull();
    }
  });
});

/** A socket that keeps the order of things, and takes its time for each write. */
class SlowSocket extends Duplex {
  calls: string[] = [];
  override _read() {}
  override _write(bytes: Buffer, _encoding: string, taken: () => void) {
    this.calls.push(`write ${bytes}`);
    setImmediate(() => {
      this.calls.push('taken');
      setImmediate(() => this.calls.push('a turn'));
      taken();
    });
  }
  override _writev(chunks: unknown[]) {
    this.calls.push(`${chunks.length} writes in one`);
  }
  setNoDelay(on: boolean) {
    this.calls.push(`no delay: ${on}`);
  }
  destroySoon() {
    this.calls.push('close');
    this.destroy();
  }
}

const onSlowSocket = (script: ConnectionScript, socket: SlowSocket) =>
  playConnection(script, { socket: socket as unknown as Socket, method: 'GET', placeholders: {} });

test('each write is handed over when the one before has been taken, and a turn later', async () => {
  const socket = new SlowSocket();
  await onSlowSocket({ head: ['H'], stream: ['a', 'b'], end: 'close' }, socket);
  expect(socket.calls).toEqual([
    'no delay: true',
    ...['write H', 'taken', 'a turn', 'write a', 'taken', 'a turn', 'write b', 'taken', 'a turn', 'close']
  ]);
});

test('a pause ends with the connection', async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => void warnings.push(warning);
  process.on('warning', warn);
  const socket = new SlowSocket();
  const done = onSlowSocket({ head: ['H'], stream: [{ pause: 3_000_000_000 }, 'a'] }, socket);
  await until(() => socket.calls.includes('taken'));
  socket.destroy();
  await done;
  expect(socket.calls).not.toContain('write a');
  await new Promise(setImmediate);
  process.off('warning', warn);
  expect(warnings, 'of a timer too long for Node').toEqual([]);
});

test('bad notation rejects before a byte', async () => {
  const socket = new SlowSocket();
  await expect(onSlowSocket({ head: ['H'], stream: [{ hex: '0' }] }, socket)).rejects.toThrow(
    'stream[0]: hex'
  );
  expect(socket.calls).toEqual([]);
});

test('a client that asks again on the same connection is answered there', async () => {
  const { client, path, origin } = play({
    headers: { Connection: null },
    framing: { contentLength: 1 },
    stream: ['a']
  });
  await client.receives('\r\n\r\na');
  client.socket.write(`OPTIONS ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.receives(' 204 ');
  const other = get(origin, path);
  await until(() => server.requests('t', path.split('/')[3]).length === 3);
  other.socket.destroy();
});
