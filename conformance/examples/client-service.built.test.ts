import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import type { Report, Verdict } from '../report.ts';

const folder = mkdtempSync(join(tmpdir(), 'truesource-services-'));
const services: ChildProcess[] = [];
afterAll(() => {
  for (const service of services) service.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});
// conformance/engines/install has it installed.
const lacksPython = spawnSync('python3', ['--version']).error !== undefined;

/** Starts a service that prints its address, runs the suite on it, and gives the ids of a verdict. */
async function run(command: string, parameters: string[], globs: string[]) {
  const [file, ...rest] = parameters;
  const service = spawn(command, [fileURLToPath(new URL(file!, import.meta.url)), ...rest], {
    stdio: ['ignore', 'pipe', 'inherit']
  });
  services.push(service);
  const [address] = (await once(service.stdout, 'data')) as [Buffer];
  const report = join(folder, `${service.pid}.json`);
  const suite = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('../../dist/cli.js', import.meta.url)),
      ...['conformance', '--client-service', address.toString().trim(), '--report', `json=${report}`],
      ...globs.flatMap((glob) => ['--case', glob])
    ],
    { stdio: 'ignore' }
  );
  const [code] = (await once(suite, 'exit')) as [number];
  service.kill('SIGKILL');
  const { cells } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const having = (verdict: Verdict) =>
    cells.filter((cell) => cell.verdict === verdict).map((cell) => cell.case);
  return { code, total: cells.length, having };
}

const globs = [
  'bom-*',
  'cr-ends-*',
  'lf-after-*',
  'truncated-two-*',
  '*unfinished-block*',
  'last-event-id-is-sent-*'
];

it('finds nothing wrong with truesource behind the adapter for Node, and calls nothing passed that it cannot see', async () => {
  const { code, total, having } = await run(
    process.execPath,
    ['client-service.mjs', 'truesource', '0'],
    [...globs, 'event-*', 'close-in-open-*', 'status-204-*']
  );
  expect(having('fail')).toEqual([]);
  expect(having('pass').length).toBeGreaterThan(25);
  expect(having('pass')).toContain('event-names-the-type');
  expect(having('not observed')).toEqual(
    expect.arrayContaining(['status-204-fails-the-connection', 'close-in-open-drops-the-rest'])
  );
  expect(having('pass').length + having('not observed').length + having('unsupported').length).toBe(total);
  expect(code).toBe(0);
});

it.skipIf(lacksPython)(
  'finds nothing wrong with the client in Python',
  async () => {
    const { having } = await run('python3', ['client-service.py', '--port', '0'], globs);
    expect(having('fail')).toEqual([]);
    expect(having('pass').length).toBeGreaterThan(15);
  },
  60_000
);

it.skipIf(lacksPython).each([
  [
    'line-ends',
    ['cr-ends-a-line', 'lf-after-cr-is-swallowed-once', 'lf-after-cr-in-the-next-chunk-is-swallowed']
  ],
  ['bom', ['bom-byte-by-byte-is-removed', 'bom-is-removed-on-every-connection']],
  ['chunks', ['bom-cut-after-one-byte-is-removed', 'truncated-two-byte-sequence-is-one-replacement']],
  ['end', ['data-of-an-unfinished-block-does-not-join-the-next-connection']],
  ['last-event-id', ['last-event-id-is-sent-on-reconnection']]
])(
  'names what the client in Python is wrong about: %s',
  async (way, failures) => {
    const others = ['lf-ends-a-line', 'one-space-after-the-colon-is-dropped'];
    const parameters = ['client-service.py', '--port', '0', '--wrong', way];
    const { having } = await run('python3', parameters, [...failures, ...others]);
    expect(having('fail').sort()).toEqual(failures.sort());
    expect(having('pass').sort()).toEqual(others.sort());
  },
  60_000
);
