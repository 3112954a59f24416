import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixturesServer, type FixturesServer } from '../../fixtures-server/server.ts';
import { good } from './fixtures.ts';
import { rules, type Result } from './index.ts';
import { tail } from './tail.ts';

const cli = fileURLToPath(new URL('../cli.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'truesource-validator-'));
let server: FixturesServer;
let runs = 0;

beforeAll(async () => {
  writeFileSync(join(folder, 'empty.json'), 'null');
  writeFileSync(join(folder, 'unknown.json'), '{"findings":[{"rule":"F99"}]}');
  writeFileSync(join(folder, 'unrated.json'), '{"findings":[{"rule":"F01"}]}');
  writeFileSync(join(folder, 'steering.json'), '\x1b[2J');
  const bad = { connections: [{ stream: ['Data: \u001b[31m1\n\n'] }], repeat: true };
  server = await createFixturesServer({
    cases: [
      { id: 'good', ...good },
      { id: 'bad', ...bad },
      {
        id: 'two-and-stop',
        connections: [
          { stream: ['retry: 10\nid: 1\ndata: a\u0007\n\n', ': hello\n\n', 'foo\n\n'], end: 'close' },
          { status: 204 }
        ]
      }
    ]
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function call(
  parameters: string[],
  input: string | Buffer = '',
  environment: Record<string, string> = {}
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--no-warnings', cli, ...parameters], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', ...environment }
  });
  const result = { code: null as number | null, stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (result.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (result.stderr += text.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ ...result, code }));
  });
}

/** A fresh token: what a server answers next does not depend on the other tests. */
function url(play: string): string {
  return `${server.origins[0]}/sse/run-${++runs}/${play}`;
}

describe('exit codes', { timeout: 20_000 }, () => {
  it.concurrent('0: nothing at or above --fail-on', async () => {
    const { code, stdout } = await call([
      'validate',
      url('good'),
      '--duration',
      '0.3',
      '--fail-on',
      'information'
    ]);
    expect(stdout).toContain('all is well');
    expect(code).toBe(0);
  });
  it.concurrent('1: a finding; it came on standard error as it was found', async () => {
    const { code, stdout, stderr } = await call(['validate', url('bad'), '--duration', '0.3']);
    expect(stdout).toMatch(/\nerror F05 /);
    expect(stderr).toMatch(/ s {2}error +F05 {2}/);
    expect(stdout + stderr).not.toContain('\u001b');
    expect(code).toBe(1);
  });
  it.concurrent.each([
    [['validate'], /URL is missing/],
    [['validate', 'ftp://x'], /not an http or https URL/],
    [['validate', 'http://x', '--fail-on', 'warn'], /error, warning, information/],
    [['validate', 'http://x', '--ignore', 'F99'], /--ignore/],
    [['validate', 'http://x', '--probes', 'agian'], /--probes/],
    [['validate', 'http://x', '--header', 'x'], /Name: value/],
    [['validate', 'http://x', '--origin', 'https://x/y'], /like https:\/\/x/],
    [['validate', 'http://x', '--duration', 'x'], /--duration/],
    [['validate', 'http://x', '--duration', '0'], /--duration must be a number above 0/],
    [['validate', 'http://x', '--max-bytes', '0'], /--max-bytes must be a number above 0/],
    [['validate', 'http://x', '--baseline', 'none.json'], /--baseline/],
    [['validate', 'http://x', '--baseline', 'empty.json'], /--baseline .*: it has no findings/],
    [
      ['validate', 'http://x', '--baseline', 'unknown.json'],
      /a rule of --baseline must be one of .* not "F99"/
    ],
    [
      ['validate', 'http://x', '--baseline', 'unrated.json'],
      /a severity of --baseline must be one of error, warning, information, not "undefined"/
    ],
    [['validate', 'http://x', '--inject', ''], /--inject/],
    [['validate', 'http://x', '--durtion', '1'], /--duration/],
    [['lint', 'no-such-file'], /no-such-file cannot be read: .*no such file/],
    [['lint', '.'], /it is a directory/],
    [['lint', 'no-\x1b[31m\x9b\u202e'], /no-\\u\{1b\}\[31m\\u\{9b\}\\u\{202e\} cannot be read: /],
    [['validate', 'http://x', '--baseline', 'steering.json'], /earlier report: .*\\u\{1b\}/],
    [['tail', 'x'], /not an http or https URL/]
  ])('2: %j', async (parameters, message) => {
    const { code, stdout, stderr } = await call(parameters);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^truesource: [^\n]+\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
  it.concurrent('3: no answer, and why', async () => {
    const { code, stdout } = await call(['validate', 'http://127.0.0.1:1/']);
    expect(stdout).toContain('Could not connect (refused)');
    expect(code).toBe(3);
  });
  it.concurrent('4: what was required was not judged', async () => {
    const required = ['F01,F20', 'D02', 'T24', 'T11'];
    const all = await Promise.all(
      required.map((rules) => call(['lint', '-', '--require-observed', rules], 'data: 1\n\n'))
    );
    expect(all.map(({ code }) => code)).toEqual([0, 4, 4, 4]);
  });
  it.concurrent('4: what was required was not observed', async () => {
    const { code, stderr } = await call([
      'validate',
      url('good'),
      '--duration',
      '0.3',
      '--require-observed',
      'T11,F01'
    ]);
    expect(stderr).toContain('not observed: T11, F01');
    expect(code).toBe(4);
  });
});

it('without a terminal, every 10 s a line says what is waited for', { timeout: 20_000 }, async () => {
  // Of a clock that is thirty times as fast.
  const fast = 'const slow = setInterval; globalThis.setInterval = (task, ms) => slow(task, ms / 30)';
  const { stderr } = await call(['validate', url('good'), '--duration', '0.8', '--probes', 'none'], '', {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fast)}`
  });
  expect(stderr).toMatch(/^( +\d\.\d s {2}waiting for what the stream brings, for 0.8 s\n){2}/m);
});

it('the report of a run is the baseline of the next', { timeout: 20_000 }, async () => {
  const first = await call(['validate', url('bad'), '--duration', '0.3', '--format', 'json']);
  expect((JSON.parse(first.stdout) as Result).counts.error).toBeGreaterThan(0);
  writeFileSync(join(folder, 'baseline.json'), first.stdout);
  const same = await call(['validate', url('bad'), '--duration', '0.3', '--baseline', 'baseline.json']);
  expect(same.code).toBe(0);
  const other = await call(['validate', url('good'), '--duration', '0.3', '--baseline', 'baseline.json']);
  expect(other.stderr).toMatch(/found no longer: .*F05/);
  const unknown = await call(['validate', 'http://127.0.0.1:1/', '--baseline', 'baseline.json']);
  expect(unknown.stderr).not.toContain('found no longer');
});

it('a finding that has become worse is not in the baseline', { timeout: 20_000 }, async () => {
  const baseline = join(folder, 'less.json');
  const judge = async (line: string) => {
    const { stdout, code } = await call(
      ['lint', '-', '--format', 'json', '--baseline', baseline],
      `data: 1\n\n${line}\n\n`
    );
    const { findings } = JSON.parse(stdout) as Result;
    return [code, findings.map(({ rule, severity }) => `${severity} ${rule}`)];
  };
  const accepted =
    '{"findings":[{"rule":"F03","severity":"warning"},{"rule":"R18","severity":"information"}]}';
  writeFileSync(baseline, `\ufeff${accepted}`);
  expect(await judge('hello')).toEqual([0, ['information R24']]);
  writeFileSync(baseline, `\ufeff${accepted}`, 'utf16le');
  expect(await judge('hello')).toEqual([0, ['information R24']]);
  expect(await judge('hello, world')).toEqual([1, ['error F03', 'information R24']]);
});

it('lint reads a file or standard input, in each format', { timeout: 20_000 }, async () => {
  writeFileSync(join(folder, 'captured'), 'data: 1\n\ndata: 2');
  const runs = await Promise.all([
    call(['lint', 'captured', '--format', 'json', '--fail-on', 'warning']),
    call(['lint', '-', '--format', 'json', '--fail-on', 'warning'], 'data: 1\n\ndata: 2'),
    call(['lint', 'captured', '--format', 'junit', '--ignore', 'f01'])
  ]);
  for (const { stdout, code } of runs.slice(0, 2)) {
    expect((JSON.parse(stdout) as Result).findings[0]).toMatchObject({ rule: 'F01', offset: 9, line: 3 });
    expect(code).toBe(1);
  }
  expect(runs[2]!.stdout).toMatch(/^<\?xml/);
  expect(runs[2]!.code).toBe(0);
});

it(
  'tail shows events, comments and what is ignored, reconnects, and stops at 204',
  { timeout: 20_000 },
  async () => {
    const [text, json] = await Promise.all([
      call(['tail', url('two-and-stop')]),
      call(['tail', url('two-and-stop'), '--json'])
    ]);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/message #1 \(2 B\) a\\u\{7\}\n/);
    expect(text.stdout).toMatch(/unknown field, ignored: foo\n/);
    const kinds = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; lastEventId?: string });
    expect(kinds.map(({ kind }) => kind)).toEqual([
      'head',
      'retry',
      'event',
      'comment',
      'ignored',
      'reconnect',
      'head',
      'end'
    ]);
    expect(kinds[2]).toMatchObject({ type: 'message', data: 'a\u0007', lastEventId: '1', bytes: 2 });
  }
);

describe('lint takes', { timeout: 20_000 }, () => {
  it.concurrent.each([
    'data: \0\n\n',
    'data: \x01\n\n',
    'data: \x1b[2K\x1b[1A\x1b[G\n\n',
    `data: ${'\x01'.repeat(40)}\n\n`,
    '{"log":{"level":"info"}}\n',
    '* Note: x\n* b\n'
  ])('%j', async (input) => {
    const { code, stdout } = await call(['lint', '-'], input);
    expect(stdout).toMatch(/^standard input\n/);
    expect(code).toBeLessThan(2);
  });
});

it.each(['.5', '3e-1', '1.'])('%s is a number of seconds', { timeout: 20_000 }, async (duration) => {
  const { code } = await call(['validate', url('good'), '--duration', duration, '--probes', 'none']);
  expect(code).toBe(0);
});

describe('lint says what is no captured body, and what to do', { timeout: 20_000 }, () => {
  it.concurrent.each<[string | Buffer, RegExp]>([
    ['', /empty: /],
    ['HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n', /without -i and -D -/],
    ['*   Trying 127.0.0.1:80...\n> GET / HTTP/1.1\n< HTTP/1.1 200 OK\ndata: 1\n\n', /without -v/],
    ['{\n  "log": {\n    "version": "1.2"', /HTTP archive/],
    [Buffer.from('\ufeffdata: 1\n\n', 'utf16le'), /UTF-16, as PowerShell/],
    [Buffer.from('data: 1\n\n', 'utf16le'), /UTF-16, as PowerShell/],
    [gzipSync('data: 1\n\n'), /gunzip/],
    [Buffer.from(Array.from({ length: 2000 }, (_, i) => i % 30)), /binary/]
  ])('%j', async (input, message) => {
    const { code, stdout, stderr } = await call(['lint', '-'], input);
    expect(stderr).toMatch(/^truesource: standard input is [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });
});

it('lint reads from a pipe', { timeout: 20_000 }, () => {
  const script = `printf 'data: 1\\n\\n' | "$0" --no-warnings "$1" lint /dev/fd/0`;
  const { stdout, status } = spawnSync('sh', ['-c', script, process.execPath, cli], { encoding: 'utf8' });
  expect(stdout).toContain('1 event in 9 bytes');
  expect(status).toBe(0);
});

it.skipIf(process.platform !== 'linux').each([
  ['"$1" lint - < .', 'standard input cannot be read: it is a directory'],
  ['"$1" lint - 0> /dev/null', 'standard input cannot be read: EBADF: bad file descriptor, read'],
  ['"$1" lint - < /proc/self/mem', 'standard input cannot be read: EIO: i/o error, read'],
  ['"$1" lint /proc/self/mem', '/proc/self/mem cannot be read: EIO: i/o error, read'],
  ['"$1" lint "$1" > /dev/full', 'standard output cannot be written: ENOSPC: no space left on device, write']
])('lint says what cannot be read or written: %s', { timeout: 20_000 }, (script, message) => {
  const { stderr, status } = spawnSync('sh', ['-c', `"$0" --no-warnings ${script}`, process.execPath, cli], {
    encoding: 'utf8',
    cwd: folder
  });
  expect([status, stderr]).toEqual([2, `truesource: ${message}\n`]);
});

it.skipIf(process.platform !== 'linux')('lint reads no datagrams', { timeout: 20_000 }, () => {
  const script = '"$0" --no-warnings "$1" lint - < /dev/udp/127.0.0.1/9';
  const { stderr, status } = spawnSync('bash', ['-c', script, process.execPath, cli], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([
    2,
    'truesource: standard input cannot be read: Unsupported fd type: UDP\n'
  ]);
});

it.skipIf(process.platform === 'win32')(
  'lint says that its input broke off',
  { timeout: 20_000 },
  async () => {
    const listener = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const writer = net.connect((listener.address() as AddressInfo).port, '127.0.0.1');
    const [reader] = (await once(listener, 'connection')) as [net.Socket];
    const child = spawn(process.execPath, ['--no-warnings', cli, 'lint', '-'], {
      stdio: [reader, 'ignore', 'pipe']
    });
    let stderr = '';
    child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
    await new Promise((resolve) => writer.write('data: 1\n\n', resolve));
    writer.resetAndDestroy();
    const [code] = (await once(child, 'close')) as [number];
    reader.destroy();
    listener.close();
    expect([code, stderr]).toEqual([2, 'truesource: standard input cannot be read: read ECONNRESET\n']);
  }
);

describe('tail says why it stops, or what it waits for', { timeout: 20_000 }, () => {
  const event = 'data: 1\n\n';
  let requests = 0;
  let deaths = 0;
  const own = http.createServer((request, response) => {
    const stream = () => response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    requests++;
    if (request.url === '/html') response.writeHead(200, { 'Content-Type': 'text/html' }).end();
    else if (request.url === '/nowhere') response.writeHead(302).end();
    else if (request.url === '/invalid') response.writeHead(302, { Location: 'http://[' }).end();
    else if (request.url === '/round') response.writeHead(302, { Location: '/round' }).end();
    else if (request.url === '/long') stream().write(`data: ${'x'.repeat(5 * 1024 * 1024)}\n\n`);
    else if (request.url === '/job') stream().end(event);
    else if (request.url === '/waiting') stream().write('data: 1\ndata: 2\n');
    else if (request.url === '/unended') stream().write('data: 1');
    else if (request.url === '/block') stream().end('data: 1\n');
    else if (request.url === '/line') stream().end('data: 1');
    else if (request.url === '/dying') stream().end(`retry: 0\n${++deaths === 3 ? 'data: 1\n' : ''}\n`);
    else {
      const timer = setInterval(() => response.write(event), 100);
      stream().on('close', () => clearInterval(timer));
    }
  });
  beforeAll(() => new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    own.closeAllConnections();
    own.close();
  });
  const at = (path: string) => `http://127.0.0.1:${(own.address() as AddressInfo).port}/${path}`;

  it.each([
    ['html', /the status is 200, with the Content-Type "text\/html"/],
    ['nowhere', /the status is 302, without a Location: clients fail the connection/],
    ['invalid', /the status is 302, with a Location that cannot be followed: .* a network error/],
    ['round', /more than 20 redirects/],
    ['long', /a line of more than 4 MiB: what follows is not read/]
  ])('%s', async (path, message) => {
    const { code, stderr } = await call(['tail', at(path)]);
    expect(stderr).toMatch(message);
    expect(code).toBe(3);
  });

  it('a POST is not sent again', async () => {
    const before = requests;
    const { code, stdout } = await call(['tail', at('job'), '--data', '{}']);
    expect(stdout).toMatch(/POST is not sent again\n$/);
    expect(requests).toBe(before + 1);
    expect(code).toBe(0);
  });

  it.each(['block', 'line'])('says that an unfinished %s is dropped', async (path) => {
    const { stdout } = await call(['tail', at(path), '--data', '{}']);
    expect(stdout).toContain('an unfinished block is dropped');
  });

  it('a server that keeps dying is asked less and less often, until an event comes', async () => {
    const stop = new AbortController();
    const delays: number[] = [];
    await tail(new URL(at('dying')), {
      json: true,
      colour: false,
      signal: stop.signal,
      write(text) {
        const { kind, delay } = JSON.parse(text) as { kind: string; delay: number };
        if (kind === 'reconnect' && delays.push(delay) === 7) stop.abort();
      }
    });
    expect(delays).toEqual([0, 0, 0, 0, 0, 500, 1000]);
  });

  it.each([
    ['waiting', '2 data lines wait for a blank line'],
    ['unended', '7 bytes wait for a line end']
  ])('%s, once', async (path, text) => {
    const child = spawn(process.execPath, ['--no-warnings', cli, 'tail', at(path)], {
      env: { ...process.env, NO_COLOR: '1' }
    });
    let stdout = '';
    child.stdout.on('data', (bytes: Buffer) => {
      stdout += bytes.toString();
      if (stdout.includes('wait')) setTimeout(() => child.kill('SIGINT'), 500);
    });
    await once(child, 'close');
    expect(stdout.split(text)).toHaveLength(2);
  });

  it('it ends when nobody reads it any more', async () => {
    const child = spawn(process.execPath, ['--no-warnings', cli, 'tail', at('events')]);
    let stderr = '';
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const [code] = (await once(child, 'close')) as [number];
    expect([code, stderr]).toEqual([0, '']);
  });
});

it('tail sends the user and the password of the URL', { timeout: 20_000 }, async () => {
  const sent: (string | undefined)[] = [];
  const own = http.createServer((request, response) => {
    sent.push(request.headers.authorization);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  const { code } = await call(['tail', `http://u:50%@127.0.0.1:${(own.address() as AddressInfo).port}/`]);
  own.close();
  expect(code).toBe(0);
  expect(sent).toEqual([`Basic ${Buffer.from('u:50%').toString('base64')}`]);
});

it.skipIf(spawnSync('openssl', ['version']).error)(
  'over TLS, trusted and not',
  { timeout: 20_000 },
  async () => {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const request =
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost';
    spawnSync('openssl', [...request.split(' '), '-keyout', key, '-out', certificate]);
    const secure = https.createServer(
      { key: readFileSync(key), cert: readFileSync(certificate) },
      (_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
      }
    );
    await new Promise<void>((resolve) => secure.listen(0, resolve));
    const target = `https://localhost:${(secure.address() as AddressInfo).port}/`;
    const options = ['--duration', '0.3', '--probes', 'none', '--format', 'json'];
    const [trusted, untrusted] = await Promise.all([
      call(['validate', target, ...options], '', { NODE_EXTRA_CA_CERTS: certificate }),
      call(['validate', target, ...options])
    ]);
    secure.closeAllConnections();
    secure.close();
    expect(untrusted.code).toBe(3);
    expect((JSON.parse(untrusted.stdout) as Result).failure!.kind).toBe('TLS');
    const { stream, findings } = JSON.parse(trusted.stdout) as Result;
    expect(stream!.events).toBe(1);
    expect(findings.map(({ rule }) => rule)).toContain('T20');
  }
);

it('--list-rules names every rule, and why some are not decided', async () => {
  const { stdout, code } = await call(['validate', '--list-rules']);
  expect(stdout.match(/^ {2}[A-Z]\d\d /gm)).toHaveLength(rules.length);
  expect(stdout).toMatch(/T24 .*not decided: only the server's own/);
  expect(code).toBe(0);
});
