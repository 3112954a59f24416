import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const cli = fileURLToPath(new URL('cli.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'truesource-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function call(...parameters: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--no-warnings', cli, ...parameters], { cwd: folder });
  const result = { code: null as number | null, stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (result.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (result.stderr += text.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ ...result, code }));
  });
}

describe('a mistake in the command line', () => {
  it.concurrent.each([
    [['conformance', '--engin', 'node'], /--engine/],
    [['conformance', '--quiet'], /did you mean --/],
    [['conformanse'], /conformance/],
    [['frobnicate'], /did you mean \w+\?/],
    [['conformance', '--engine', 'chromum'], /"chromum".*chromium\?/],
    [['conformance', '--engine', 'node,firefix'], /firefox\?/],
    [['conformance', '--require', 'nodee'], /node\?/],
    [['conformance', '--engine', 'node', '--require', 'firefox'], /leaves it out/],
    [
      ['conformance', '--implementation', 'truesource-ftch'],
      /no package .* none of native, truesource-fetch/
    ],
    [['conformance', '--implementation', 'no-such-file.mjs'], /there is no file .*no-such-file\.mjs/],
    [['conformance', '--implementation', './no-such-file.js'], /no-such-file\.js/],
    [['conformance', '--engine', 'node', '--implementation', 'truesource-xhr'], /no engine chosen has.*node/],
    [['conformance', '--global', 'dedicated'], /dedicated-worker\?/],
    [
      ['conformance', '--engine', 'node,jsdom', '--global', 'shared-worker'],
      /no engine chosen has a shared worker/
    ],
    [['conformance', '--case', ''], /--case needs a glob/],
    [['conformance', '--case', 'bom-is-remove'], /did you mean bom-/],
    [['conformance', '--case', 'zzz*'], /no case matches "zzz\*"; truesource cases lists them/],
    [['conformance', '--report', 'htm=x'], /html\?/],
    [['conformance', '--report', 'html'], /html=FILE/],
    [['conformance', '--report', 'html=no/such/folder/x.html'], /cannot be written/],
    [['conformance', '--wpt'], /github\.com\/web-platform-tests\/wpt/],
    [['conformance', '--wpt', '.'], /no checkout/],
    [['conformance', '--repeat', '0'], /--repeat must be a number/],
    [['conformance', '--repeat', '2', '--wpt', '.'], /--wpt does not go with --repeat/],
    [['conformance', '--port', '0', '--wpt', '.'], /--wpt does not go with --port/],
    [['conformance', '--client-service', 'here'], /--client-service must be an http or https URL/],
    [['conformance', '--capabilities', '{}'], /goes with --webdriver/],
    [['conformance', '--webdriver', 'http://127.0.0.1:9/', '--capabilities', 'x'], /must be a JSON object/],
    [['conformance', '--port', '65535'], /--port must be/],
    [['serve', '--port', '6660'], /--port 6660 .*browsers ask nothing of port 6665/],
    [['serve', '--port', '80'], /--port 80 .*browsers ask nothing of port 87/],
    [['serve', '--host', '192.0.2.1'], /--host 192\.0\.2\.1 cannot be had/],
    [['conformance', '--public-host', 'http://ci.example/'], /--public-host must be a name/],
    [['conformance', '--public-host', 'ci.example:8000'], /--public-host must be a name/],
    [['conformance', '--public-host', ''], /--public-host must be a name/],
    [
      ['conformance', '--report', 'json=x', '--report', 'html=./x'],
      /html report would be written over the json report/
    ],
    [
      ['conformance', '--client-service', 'http://127.0.0.1:9/', '--implementation', cli],
      /no engine chosen has the implementation .*cli\.ts: 127\.0\.0\.1:9/
    ],
    [
      ['conformance', '--client-service', 'http://127.0.0.1:9/', '--require', 'node'],
      /without --engine only the endpoints are run/
    ],
    [['conformance', 'node'], /too many arguments/],
    [['compare', 'a.json'], /missing required argument 'after'/],
    [['compare', 'no-such.json', 'no-such.json'], /no-such\.json: ENOENT/],
    [['compare', cli, cli], /cli\.ts is not JSON/],
    [['serve', '--port', 'x'], /--port/],
    [['serve', '--http2'], /--tls/],
    [['serve', '--cert', 'x'], /--key/],
    [['serve', '--key', 'x', '--cert', 'no-such.pem'], /no-such\.pem|'x'/],
    [['cases', '--jsno'], /--json/],
    [[], /command is missing/],
    [['--'], /command is missing/],
    [['help', 'frobnicate'], /no command frobnicate: conformance,/]
  ])(
    '%j is one line and exit code 2',
    async (parameters, message) => {
      const { code, stdout, stderr } = await call(...parameters);
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/^truesource: [^\n]+\n$/);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    },
    30_000
  );
});

describe('what only tells', { timeout: 30_000 }, () => {
  it.concurrent.each([
    [['--help'], /Usage: truesource/],
    [['conformance', '--help'], /--implementation/],
    [['help', 'conformance'], /--implementation/],
    [['help', 'help'], /Usage: truesource \[options\] \[command\]/],
    [['--version'], /^\d+\.\d+\.\d+\n$/],
    [['cases', '--case', 'bom-*'], /^parsing +must +bom-/],
    [['engines'], /^node /]
  ])('%j', async (parameters, output) => {
    const { code, stdout, stderr } = await call(...parameters);
    expect(stdout).toMatch(output);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
  it('implementations stand one under another', async () => {
    const { stdout } = await call('engines');
    const installed = stdout.split('\n').filter((line) => line !== '' && !line.includes('not installed'));
    const columns = installed.map((line) => line.search(/(native|truesource-\w+)( truesource-\w+)*$/));
    expect(new Set(columns).size).toBe(1);
  });
  it('cases and engines are there as JSON', async () => {
    const [cases, engines] = await Promise.all([call('cases', '--json'), call('engines', '--json')]);
    expect((JSON.parse(cases.stdout) as unknown[]).length).toBeGreaterThan(100);
    const names = (JSON.parse(engines.stdout) as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['node', 'jsdom', 'chromium', 'firefox']));
  });
});
