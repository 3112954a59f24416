import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFieldScanner, speakHttp2 } from './http2.ts';
import { validate, type Result, type ValidateOptions } from './index.ts';

let key: string;
let cert: string;
const closing: (() => void)[] = [];
const trusted = tls.getCACertificates('default');

beforeAll(async () => {
  const extensions = [
    { name: 'subjectAltName' as const, altNames: [{ type: 2 as const, value: 'localhost' }] }
  ];
  const made = await generate([{ name: 'commonName', value: 'localhost' }], { extensions });
  key = made.private;
  cert = made.cert;
  tls.setDefaultCACertificates([...trusted, cert]);
});
afterAll(() => {
  tls.setDefaultCACertificates(trusted);
  for (const close of closing) close();
});

const head = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff'
};

/** An HTTP/2 server that knows no HTTP/1.1. */
async function judge(
  answer: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  options: ValidateOptions = {},
  settings: http2.Settings = { maxConcurrentStreams: 250 }
): Promise<Result> {
  const server = http2.createSecureServer({ key, cert, settings });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':method'] === 'GET') answer(stream, headers);
    else stream.respond({ ':status': headers[':method'] === 'HEAD' ? 200 : 405 }, { endStream: true });
  });
  server.on('sessionError', () => {});
  await new Promise<void>((resolve) => server.listen(0, resolve));
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return validate(`https://localhost:${port}/`, { duration: 300, ...options }).result;
}

const found = ({ findings }: Result) => findings.map(({ rule }) => rule).toSorted();

it('a good server over HTTP/2 gets no finding, and what HTTP/2 does not have is not applicable', async () => {
  let requests = 0;
  const result = await judge((stream) => {
    const number = ++requests;
    stream.respond(head);
    stream.write(`retry: ${3000 + number}\n\nid: ${number}\ndata: ${number}\n\n`);
  });
  expect(result.failure).toBeUndefined();
  expect(found(result)).toEqual([]);
  expect(result.stream).toMatchObject({ events: 1, reconnectionTime: 3001, ending: 'time limit' });
  const verdictOf = (id: string) => result.verdicts.find(({ rule }) => rule === id)!.verdict;
  for (const id of ['H17', 'H19', 'H20', 'T19']) expect([id, verdictOf(id)]).toEqual([id, 'not applicable']);
  for (const id of ['H21', 'H22', 'T20', 'T21']) expect([id, verdictOf(id)]).toEqual([id, 'ok']);
});

it('the findings are those of HTTP/1.1', async () => {
  const body = 'retry: 1000\ndata: lost\n';
  const result = await judge(
    (stream) => {
      stream.respond({ ...head, 'cache-control': 'private', 'content-length': body.length });
      stream.end(body);
    },
    {},
    { maxConcurrentStreams: 100 }
  );
  expect(found(result)).toEqual(['F01', 'H18', 'R19', 'R21', 'R24', 'T02', 'T03', 'T21']);
  expect(result.headline).toContain('No message will ever be delivered');
});

it('a Host of --header is the authority', async () => {
  const seen: unknown[] = [];
  await judge(
    (stream, headers) => {
      seen.push(headers[':authority'], headers.host);
      stream.respond(head);
    },
    { probes: [], headers: [{ name: 'Host', value: 'a.example' }] }
  );
  expect(seen).toEqual(['a.example', undefined]);
});

it('a stream that is reset', async () => {
  const result = await judge((stream) => {
    stream.respond(head);
    stream.write('retry: 3000\n\nid: 1\ndata: 1\n\n');
    setTimeout(() => stream.destroy(new Error('reset')), 50);
  });
  expect(found(result)).toContain('H21');
  expect(result.stream).toMatchObject({ events: 1, ending: 'reset' });
});

/** A frame of stream 1, or of the connection. */
function frame(type: number, flags: number, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, type === 4 ? 0 : 1]),
    payload
  ]);
}
const literal = (name: string, value: string) =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value)
  ]);
const status200 = Buffer.from([0x88]);
/** The name `connection` in the Huffman code of HPACK. */
const inHuffman = Buffer.from('21eaa8a4498f57', 'hex');

it('finds forbidden fields in whatever form, and in frames cut anywhere', () => {
  const blocks: [string[], Buffer][] = [
    [['connection'], literal('connection', 'close')],
    [
      ['connection'],
      Buffer.concat([Buffer.from([0x40, 0x80 | inHuffman.length]), inHuffman, Buffer.from([1, 0x78])])
    ],
    [['transfer-encoding'], Buffer.concat([Buffer.from([0x0f, 57 - 15, 1]), Buffer.from('x')])],
    [
      ['keep-alive', 'upgrade'],
      Buffer.concat([literal('keep-alive', '5'), literal('x', 'connection'), literal('upgrade', 'y')])
    ],
    [[], Buffer.concat([Buffer.from([0x3f, 0xe1, 0x1f]), literal('connection-id', '1')])]
  ];
  for (const [expected, block] of blocks) {
    const names: string[] = [];
    const scan = createFieldScanner((name) => names.push(name));
    const half = Math.ceil(block.length / 2);
    const bytes = Buffer.concat([
      frame(4, 0, Buffer.alloc(6)),
      frame(1, 8, Buffer.concat([Buffer.from([2]), status200, block.subarray(0, half), Buffer.alloc(2)])),
      frame(9, 4, block.subarray(half)),
      frame(0, 1, literal('upgrade', 'in the body'))
    ]);
    for (const byte of bytes) scan(Buffer.from([byte]));
    expect(names).toEqual(expected);
  }
});

it('a flood is read no faster than HTTP/2 takes it', async () => {
  const socket = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
  const heads: number[] = [];
  const nothing = () => {};
  const end = speakHttp2(
    http2,
    socket as tls.TLSSocket,
    { url: new URL('https://localhost/'), method: 'GET', headers: [] },
    {
      settings: nothing,
      forbiddenField: nothing,
      head: ({ status }) => heads.push(status),
      body: nothing,
      end: nothing,
      failed: nothing
    }
  );
  // Of a type that nobody knows.
  const ignored = frame(0x2a, 0, Buffer.alloc(255));
  socket.emit('data', frame(4, 0, Buffer.alloc(0)));
  for (let n = 0; n < 500; n++) socket.emit('data', ignored);
  socket.emit('data', frame(1, 4, status200));
  expect(socket.isPaused()).toBe(true);
  await expect.poll(() => heads).toEqual([200]);
  expect(socket.isPaused()).toBe(false);
  end();
});

it('an answer whose connection the server ends behind it is whole', async () => {
  const server = tls.createServer({ key, cert, ALPNProtocols: ['h2'] }, (socket) => {
    socket.on('error', () => {});
    const type = Buffer.from('text/event-stream');
    socket.once('data', () =>
      socket.end(
        Buffer.concat([
          frame(4, 0, Buffer.alloc(0)),
          frame(1, 4, Buffer.concat([status200, Buffer.from([0x0f, 0x10, type.length]), type])),
          ...Array.from({ length: 150 }, () => frame(0, 0, Buffer.from('data: 1\n\n'.repeat(25)))),
          frame(0, 1, Buffer.from('data: last\n\n'))
        ])
      )
    );
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (let n = 0; n < 10; n++) {
    const { failure, stream } = await validate(`https://localhost:${port}/`, { probes: [] }).result;
    expect(failure).toBeUndefined();
    expect(stream?.events).toBe(3751);
  }
});

it('H22: Connection over HTTP/2 is found; the rest is judged over HTTP/1.1, but a POST goes once', async () => {
  let requests = 0;
  const server = tls.createServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      requests++;
      if (socket.alpnProtocol !== 'h2') {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\ndata: 1\n\n');
        return;
      }
      const block = [
        status200,
        literal('content-type', 'text/event-stream'),
        literal('connection', 'keep-alive')
      ];
      socket.write(Buffer.concat([frame(4, 0, Buffer.alloc(0)), frame(1, 4, Buffer.concat(block))]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  closing.push(() => server.close());
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  const result = await validate(url, { duration: 300, probes: [] }).result;
  expect(result.failure).toBeUndefined();
  expect(result.findings[0]).toMatchObject({ rule: 'H22', severity: 'error' });
  expect(result.findings[0]!.message).toContain('"connection"');
  expect(result.stream!.events).toBe(1);
  expect(requests).toBe(2);
  expect(result.clients[0]!.says).toMatch(/^nothing over HTTP\/2, .*; over HTTP\/1\.1 1 event; /);
  expect(result.clients[1]!.says).toBe('over HTTP/1.1 the same');
  const posted = await validate(url, { duration: 300, probes: [], method: 'POST' }).result;
  expect(posted.findings[0]).toMatchObject({ rule: 'H22', severity: 'error' });
  expect(posted.failure).toMatchObject({ kind: 'garbage' });
  expect(posted.clients).toMatchObject([{ says: 'nothing: the answer is malformed over HTTP/2' }]);
  expect(requests).toBe(3);
});

it('failures of TLS are told apart', async () => {
  const now = Date.now();
  const made = (host: string, from: number, to: number) =>
    generate([{ name: 'commonName', value: host }], {
      notBeforeDate: new Date(now + from),
      notAfterDate: new Date(now + to),
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }]
    });
  const day = 86_400_000;
  const [expired, early, other, unknown] = await Promise.all([
    made('localhost', -2 * day, -day),
    made('localhost', day, 2 * day),
    made('other.example', -day, day),
    made('localhost', -day, day)
  ]);
  tls.setDefaultCACertificates([...trusted, expired.cert, early.cert, other.cert]);
  const messageOf = async ({ private: own, cert: ownCert }: { private: string; cert: string }) => {
    const server = tls.createServer({ key: own, cert: ownCert });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const { failure } = await validate(`https://localhost:${(server.address() as AddressInfo).port}/`).result;
    server.close();
    expect(failure!.kind).toBe('TLS');
    return failure!.message;
  };
  expect(await messageOf(expired)).toContain('has expired');
  expect(await messageOf(early)).toContain('not valid yet');
  expect(await messageOf(other)).toMatch(/does not match.*other\.example/);
  expect(await messageOf(unknown)).toContain('self-signed');
});
