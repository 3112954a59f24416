import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import zlib, { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Result } from './index.ts';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** Says at its end what the process used: kB at most (what resourceUsage says is its parent's as well), and µs of the processor. */
const meter = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync } from 'node:fs';
  process.on('exit', () => {
    const [, memory] = /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
    const { user, system } = process.cpuUsage();
    process.stderr.write(JSON.stringify({ memory: Number(memory), time: user + system }));
  })`
)}`;

const floods: Record<string, string> = {
  '/small': 'data: x\n\n',
  '/usual': `id: 123456\ndata: {"n":123456,"text":"${'lorem ipsum dolor sit amet '.repeat(4)}"}\n\n`,
  '/fields': Array.from(
    { length: 1000 },
    (_, n) => `event: tick\nid: ${123456 + n}\nretry: 3000\ndata: {"a":1}\n\n`
  ).join(''),
  '/tokens': 'data:  the\n\n',
  '/comments': ':\n\n',
  '/empty': 'data\n\n',
  '/blank': '\n',
  '/returns': 'data: x\r\r',
  '/ids': 'id\n\n',
  '/json': 'data: {\ndata:   "n": 123456, "text": "x"\ndata: }\n\n',
  '/spring': 'id:123456\nevent:message\nretry:3000\ndata:{"n":123456}\n\n',
  '/line': 'x',
  '/block': `data: ${'x'.repeat(1000)}\n`
};
const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, floods['/small']));
/** What comes after it is no part of it, and is read all the same. */
const brotli = brotliCompressSync(floods['/usual']!.repeat(100_000), {
  params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 0, [zlib.constants.BROTLI_PARAM_LGWIN]: 10 }
});
const hasZstd = 'zstdCompressSync' in zlib;
const frames = hasZstd
  ? Buffer.concat(Array<Buffer>(2000).fill(zlib.zstdCompressSync(floods['/usual']!)))
  : undefined;
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n';
const server = createServer((socket) => {
  let bytes: Buffer;
  const write = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('error', () => {});
  socket.once('data', (request) => {
    const [, path] = request.toString().split(' ');
    if (path === '/bomb') {
      socket.write(`${head}Content-Encoding: gzip\r\n\r\n`);
      return socket.end(bomb);
    }
    const event = floods[path!] ?? '';
    bytes =
      path === '/brotli'
        ? brotli
        : path === '/zstd'
          ? frames!
          : Buffer.from(event.repeat(65536 / event.length));
    socket.write(
      `${head}${event === '' ? `Content-Encoding: ${path === '/zstd' ? 'zstd' : 'br'}\r\n` : ''}\r\n`
    );
    socket.on('drain', write);
    write();
  });
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

const long = '--duration 3 --probes none --max-bytes 1000000000000'.split(' ');

it.runIf(process.platform === 'linux')(
  'a flood of 50 MB/s is read within 100 MB of memory, those of small events at a sixth of the rate of usual ones',
  { timeout: 60_000 },
  async () => {
    let best = { usual: 0, small: 0, fields: 0 };
    // The processor's time is longer while other programs run beside; so it is the best of some, and the small are measured by the usual.
    for (
      let attempt = 0;
      attempt < 5 && !(best.usual > 50 && best.small > 1 / 6 && best.fields > 1 / 6);
      attempt++
    ) {
      const usual = await rateOf('/usual', ...long);
      const small = await rateOf('/small', ...long);
      const fields = await rateOf('/fields', ...long);
      best = {
        usual: Math.max(best.usual, usual),
        small: Math.max(best.small, small / usual),
        fields: Math.max(best.fields, fields / usual)
      };
    }
    expect(best.usual).toBeGreaterThan(50);
    expect(best.small).toBeGreaterThan(1 / 6);
    expect(best.fields).toBeGreaterThan(1 / 6);
  }
);

it.runIf(process.platform === 'linux')(
  'so are, at a sixth, those of tokens with their spaces, of JSON in three lines, and of fields without a space, at a fifth those of blank lines, of lone CRs and of empty ids, and at a tenth those of comments alone and of empty events',
  { timeout: 60_000 },
  async () => {
    const usual = await rateOf('/usual', ...long);
    const parts = {
      '/tokens': 6,
      '/json': 6,
      '/spring': 6,
      '/blank': 5,
      '/returns': 5,
      '/ids': 5,
      '/comments': 10,
      '/empty': 10
    };
    for (const [path, part] of Object.entries(parts)) {
      const least = usual / part;
      let best = 0;
      for (let attempt = 0; attempt < 5 && best < least; attempt++)
        best = Math.max(best, await rateOf(path, ...long));
      expect(best, path).toBeGreaterThan(least);
    }
  }
);

it.runIf(process.platform === 'linux')(
  'a line and a block without end, a gzip bomb, and what follows the end of brotli are read within 100 MB of memory',
  { timeout: 60_000 },
  async () => {
    await rateOf('/line');
    await rateOf('/block');
    await rateOf('/bomb');
    await rateOf('/brotli', ...long);
  }
);

it.runIf(process.platform === 'linux' && hasZstd)(
  'a flood of Zstandard with each event in a frame of its own is read at 5 MB/s at least',
  { timeout: 60_000 },
  async () => {
    let best = 0;
    for (let attempt = 0; attempt < 5 && best < 5; attempt++)
      best = Math.max(best, await rateOf('/zstd', ...long));
    expect(best).toBeGreaterThan(5);
  }
);

/** Bytes per µs of the processor's time, the start included. */
async function rateOf(path: string, ...more: string[]): Promise<number> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const child = spawn(
    process.execPath,
    ['--import', meter, cli, 'validate', url, '--format', 'json', ...more],
    {
      // Certificates of one's own cost memory of Node's own.
      env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined }
    }
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes) => (stdout += bytes));
  child.stderr.on('data', (bytes) => (stderr += bytes));
  await once(child, 'close');
  const { bytes } = (JSON.parse(stdout) as Result).stream!;
  const { memory, time } = JSON.parse(stderr.slice(stderr.lastIndexOf('{'))) as {
    memory: number;
    time: number;
  };
  // Decoders of many frames take some MB more.
  expect(memory * 1024).toBeLessThan(path === '/zstd' ? 115e6 : 100e6);
  return bytes / time;
}
