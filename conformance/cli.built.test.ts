import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import type { ExpectedFailure } from './expected-failures.ts';
import { engines } from './engines/index.ts';
import { loadCases } from './load-cases.ts';
import type { Report } from './report.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'truesource-built-'));
afterAll(() => rmSync(folder, { recursive: true }));

function conformance(directory: string, ...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(directory, 'dist/cli.js'), 'conformance', '--report', 'json=report.json', ...parameters],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FIREFOX: '/nowhere' } }
  );
  return { status, stdout, stderr };
}
const readReport = () => JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;

it('exits with 1 and names the cells when the package as built is wrong', () => {
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  const file = join(folder, 'dist/full.js');
  const code = readFileSync(file, 'utf8');
  const wrong = code.replace('dataBuffer + ("\\n" + value)', 'dataBuffer + value');
  expect(wrong).not.toBe(code);
  writeFileSync(file, wrong);
  const { status, stdout } = conformance(
    folder,
    ...[
      '--engine',
      'node',
      '--implementation',
      'truesource-fetch',
      '--case',
      '*data-lines*',
      '--case',
      'bom-*'
    ]
  );
  const { cells } = readReport();
  const unexpected = cells.filter((cell) => cell.unexpected).map((cell) => cell.case);
  expect(unexpected.length).toBeGreaterThan(0);
  expect(unexpected.every((id) => id.includes('data-lines'))).toBe(true);
  expect(cells.filter((cell) => cell.case.startsWith('bom-')).every((cell) => cell.verdict === 'pass')).toBe(
    true
  );
  expect(stdout).toContain(`truesource: ${unexpected.length} unexpected result`);
  expect(status).toBe(1);
});

it('exits with 0 when nothing is unexpected, and with 1 when a required engine is missing', () => {
  const few = ['--case', 'bom-*', '--engine', 'node,firefox'];
  expect(conformance(root, ...few)).toMatchObject({
    status: 0,
    stderr: expect.not.stringContaining('required') as string
  });
  expect(conformance(root, ...few, '--require', 'firefox')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('firefox is required and did not run') as string
  });
});

it('repeats a run, and prints the list of expected failures that fits it', () => {
  const { status, stdout } = conformance(
    root,
    ...['--engine', 'node', '--implementation', 'truesource-fetch', '--case', 'bom-*'],
    ...['--repeat', '2', '--print-expectations']
  );
  expect(JSON.parse(stdout)).toEqual(
    JSON.parse(readFileSync(new URL('expected-failures.json', import.meta.url), 'utf8'))
  );
  expect(readReport().repeats).toBe(2);
  expect(status).toBe(0);
});

it("holds anybody's implementation to a list of its own, whose first edition it prints", () => {
  writeFileSync(
    join(folder, 'wrong.mjs'),
    "export class EventSource { constructor() { throw new Error('no'); } }"
  );
  const list = join(folder, 'list.json');
  const few = [
    '--engine',
    'node',
    '--implementation',
    './wrong.mjs',
    '--case',
    'bom-byte-by-byte-is-removed'
  ];
  const held = [...few, '--expected-failures', list];
  expect(conformance(root, ...few)).toMatchObject({
    status: 0,
    stderr: expect.not.stringContaining('wrong') as string
  });
  writeFileSync(list, '[]');
  const { status, stdout } = conformance(root, ...held);
  expect(stdout).toContain('all implementations: 1 unexpected result\n');
  expect(status).toBe(1);
  const printed = conformance(root, ...held, '--print-expectations').stdout;
  expect(JSON.parse(printed)).toEqual([
    expect.objectContaining({ cases: ['bom-byte-by-byte-is-removed'], implementations: ['./wrong.mjs'] })
  ]);
  writeFileSync(list, printed);
  expect(conformance(root, ...held)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('no reason yet') as string
  });
  writeFileSync(list, printed.replace('UNEXPLAINED', 'it is only a stub'));
  expect(conformance(root, ...held).status).toBe(0);
  writeFileSync(list, printed.replace('UNEXPLAINED', 'it is only a stub').replaceAll('bom-byte', 'bom-bite'));
  expect(conformance(root, ...held)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('unknown case "bom-bite-by-byte-is-removed"') as string
  });
});

it('exits with 1 when an implementation of others could not be run anywhere', () => {
  writeFileSync(join(folder, 'empty.mjs'), 'export {};');
  expect(conformance(root, '--engine', 'node', '--implementation', './empty.mjs')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('./empty.mjs could not be run anywhere; in node: TypeError') as string
  });
});

it('expects failures only of cases, engines and implementations that there are', () => {
  const list = JSON.parse(
    readFileSync(new URL('expected-failures.json', import.meta.url), 'utf8')
  ) as ExpectedFailure[];
  const ids = loadCases(fileURLToPath(new URL('cases', import.meta.url))).map(({ id }) => id);
  const names = engines.map(({ name }) => name);
  for (const line of list) {
    expect(ids).toEqual(expect.arrayContaining(line.cases));
    expect(names).toEqual(expect.arrayContaining(line.engines ?? []));
    expect(['truesource-fetch', 'truesource-xhr']).toEqual(expect.arrayContaining(line.implementations));
    expect(engines.flatMap(({ workers = [] }) => ['window', ...workers])).toEqual(
      expect.arrayContaining(line.globals ?? [])
    );
    expect(line.reason).toMatch(/\w.*\.$/);
    expect(line.clause).toMatch(/^(https:\/\/|[a-z])/);
  }
});

it.each(['conformance', 'serve'])('%s exits with 2 and names the address that it cannot have', (command) => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/cli.js'), command, '--host', '203.0.113.1'],
    { cwd: folder, encoding: 'utf8' }
  );
  expect(stderr).toMatch(/^truesource: [^\n]*203\.0\.113\.1[^\n]*\n$/);
  expect(status).toBe(2);
});

it('says on Ctrl-C that there is no report', async () => {
  const sign = join(folder, 'started');
  const file = join(folder, 'slow.mjs');
  writeFileSync(
    file,
    `import fs from 'node:fs'; fs.writeFileSync(${JSON.stringify(sign)}, ''); await new Promise(() => setInterval(() => {}, 1000));`
  );
  const suite = spawn(
    process.execPath,
    [join(root, 'dist/cli.js'), 'conformance', '--engine', 'node', '--implementation', file],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] }
  );
  await expect.poll(() => existsSync(sign), { timeout: 20_000 }).toBe(true);
  suite.kill('SIGINT');
  const [said, [code]] = await Promise.all([text(suite.stderr), once(suite, 'exit')]);
  expect(said).toBe('truesource: ended before the run was; there is no report of it\n');
  expect(code).toBe(130);
});

it('exits with 3 and names the service that cannot be used', () => {
  const url = 'http://127.0.0.1:9/';
  const { status, stderr } = conformance(root, '--client-service', url, '--case', 'bom-*');
  expect(stderr).toMatch(
    /^truesource: the service at http:\/\/127\.0\.0\.1:9\/ cannot be reached: [^\n]+\n$/
  );
  expect(status).toBe(3);
});

it('exits with 3 and names the WebDriver endpoint whose browser opens no page', async () => {
  const server = createServer(({ url, method }, response) => {
    const session = { sessionId: '1', capabilities: { browserName: 'x', browserVersion: '1' } };
    const value = url === '/status' ? { ready: true } : method === 'POST' ? session : null;
    const isPage = url!.endsWith('/url');
    response.writeHead(isPage ? 500 : 200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ value: isPage ? { error: 'unknown error', message: 'crashed' } : value }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const suite = spawn(
    process.execPath,
    [
      ...[join(root, 'dist/cli.js'), 'conformance', '--webdriver', url, '--case', 'lf-ends-a-line'],
      ...['--report', `json=${join(folder, 'endpoint.json')}`]
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] }
  );
  const [said, [code]] = await Promise.all([text(suite.stderr), once(suite, 'exit')]);
  server.closeAllConnections();
  server.close();
  expect(code).toBe(3);
  // Once, though it is so with each implementation. No warning of Node's stands before it.
  const page = /does not open http:\/\/127\.0\.0\.1:\d+: crashed\n$/.exec(said)?.[0];
  expect(said).toBe(`truesource: the engine did not start: the WebDriver endpoint ${url} ${page}`);
});

it('says what it waits for while an endpoint has given no session', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const suite = spawn(process.execPath, [join(root, 'dist/cli.js'), 'conformance', '--webdriver', url], {
    stdio: ['ignore', 'ignore', 'pipe']
  });
  const [said] = (await once(suite.stderr, 'data')) as [Buffer];
  suite.kill();
  server.closeAllConnections();
  server.close();
  expect(String(said)).toBe(`waiting for ${url}\n`);
});
