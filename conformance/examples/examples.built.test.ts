import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const dist = new URL('../../dist/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'truesource-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));
// What vitest sets would make its children think that they are run by it.
const environment = { ...process.env, VITEST: undefined, NODE_OPTIONS: undefined };

function execute(command: string, ...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(command, parameters, {
    cwd: folder,
    encoding: 'utf8',
    env: environment,
    timeout: 60_000
  });
  return { status, output: stdout + stderr };
}
const example = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe('the suite as a library', () => {
  it('is one test per case under node:test', () => {
    const { status, output } = execute(process.execPath, '--test', example('node-test.mjs'));
    expect(output).toMatch(/^ℹ pass \d{3}$/m);
    expect(output).toContain('ℹ fail 0\n');
    expect(output).toContain('unsupported: ');
    expect(status).toBe(0);
  });

  it('fails the test of a must, and skips that of a should, with the bytes and what was observed', () => {
    const file = join(folder, 'wrong.mjs');
    writeFileSync(
      file,
      `import { EventSource } from ${JSON.stringify(new URL('index.js', dist))};
      import { cases, conformance } from ${JSON.stringify(new URL('conformance.js', dist))};
      class Wrong extends EventSource {
        addEventListener(type, listener) {
          if (type === 'message') super.addEventListener(type, (event) => listener.call(this, new MessageEvent('message', { data: 'wrong' })));
          else super.addEventListener(type, listener);
        }
      }
      const some = ['lf-ends-a-line', 'retry-with-an-empty-value-is-ignored', 'status-204-fails-the-connection'];
      conformance(Wrong, { cases: cases.filter(({ id }) => some.includes(id)) });`
    );
    const { status, output } = execute(process.execPath, '--test', '--test-reporter=tap', file);
    expect(output).toContain('not ok 1 - parsing: lf-ends-a-line');
    expect(output).toMatch(/ok \d - fields: retry-with-an-empty-value-is-ignored # SKIP fail: /);
    expect(output).toMatch(/^ *ok \d - connecting: status-204-fails-the-connection$/m);
    for (const part of [
      'level must, https://html.spec.whatwg.org/',
      'events[1].data: expected "a", observed "wrong"',
      String.raw`sent: "9\r\ndata: a\n\n\r\n"`,
      '"lastEventId":""'
    ])
      expect(output).toContain(part);
    expect(status).toBe(1);
  });

  it.each([
    ['node:test', ['--test', '--test-reporter=tap'], /^ *not ok \d+ - (.+)$/gm],
    [
      'vitest',
      [
        fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url)),
        'run',
        '--root',
        folder,
        '--reporter=tap-flat',
        '--reporter=default'
      ],
      /^not ok \d+ - (.+?) # time/gm
    ]
  ])('blames under %s the case whose client threw, not the test under way', (_name, parameters, failed) => {
    const file = join(folder, 'throwing.test.mjs');
    writeFileSync(
      file,
      `import { EventSource } from ${JSON.stringify(new URL('index.js', dist))};
      import { cases, conformance } from ${JSON.stringify(new URL('conformance.js', dist))};
      class Throwing extends EventSource {
        constructor(...all) {
          super(...all);
          this.addEventListener('message', ({ lastEventId }) => {
            if (lastEventId === '1') setTimeout(() => { throw new Error('one') });
            if (lastEventId === 'a b  c') Promise.reject(new Error('two'));
            if (lastEventId === '007') setTimeout(() => { throw new Error('three') }, 1000);
          });
        }
      }
      const some = ['lf-ends-a-line', 'id-is-a-string-not-a-number', 'last-event-id-is-sent-on-reconnection', 'last-event-id-keeps-inner-spaces', 'reconnection-without-retry-waits-some-seconds'];
      conformance(Throwing, { cases: cases.filter(({ id }) => some.includes(id)) });`
    );
    const { status, output } = execute(process.execPath, ...parameters, file);
    const names = [...output.matchAll(failed)].map(([, name]) => name!.replace(/.*> /, ''));
    expect(names.filter((name) => name !== 'EventSource')).toEqual([
      'reconnecting: last-event-id-is-sent-on-reconnection',
      'reconnecting: last-event-id-keeps-inner-spaces'
    ]);
    expect(output).toContain(
      'id-is-a-string-not-a-number, later: its client threw what nobody caught: Error: three'
    );
    expect(status).toBe(1);
  });

  it('lets nothing that no client threw go by where the test runner has no listener for it, as in Deno', () => {
    const file = join(folder, 'unheard.test.mjs');
    writeFileSync(
      file,
      `import { before } from 'node:test';
      import { EventSource } from ${JSON.stringify(new URL('index.js', dist))};
      import { cases, conformance } from ${JSON.stringify(new URL('conformance.js', dist))};
      before(() => {
        process.removeAllListeners('uncaughtException');
        setTimeout(() => { throw new Error('of no client') }, 1000);
      });
      conformance(EventSource, { cases: cases.filter(({ id }) => id === 'reconnection-without-retry-waits-some-seconds') });`
    );
    const { status, output } = execute(process.execPath, '--test', file);
    expect(output).toContain('of no client');
    expect(status).toBe(1);
  });

  it('tells the result, ends when it is told to, and leaves nothing behind that would keep the process', () => {
    const file = join(folder, 'run.mjs');
    writeFileSync(
      file,
      `import { EventSource } from ${JSON.stringify(new URL('index.js', dist))};
      import { cases, run } from ${JSON.stringify(new URL('conformance.js', dist))};
      const some = cases.filter(({ id }) => id.startsWith('bom-'));
      const report = await run(EventSource, { cases: some, features: ['cookies'] });
      console.log(report.cells.map(({ verdict }) => verdict).join());
      const ending = new AbortController();
      await run(EventSource, { signal: ending.signal, onCell: () => ending.abort() }).catch(({ name }) => console.log(name));
      await run('EventSource').catch(({ message }) => console.log(message));
      await run(EventSource, { cases: [some[0], some[0]] }).catch(({ message }) => console.log(message));`
    );
    const { status, output } = execute(process.execPath, file);
    expect(output).toMatch(
      /^pass(,pass)+\nAbortError\nrun needs a constructor, not EventSource\ntwo of the cases are bom-[a-z-]+\n$/
    );
    expect(status).toBe(0);
  });
});

// That for vitest is among the tests that run this.
describe('the validator in the tests of a server', () => {
  const name = 'validator-node-test.mjs';

  it('passes under node:test', () => {
    const { status, output } = execute(process.execPath, '--test', example(name));
    expect(output).toContain('ℹ pass 1\n');
    expect(status).toBe(0);
  });

  it('fails with the text of the finding', () => {
    const file = join(folder, name);
    const text = readFileSync(example(name), 'utf8')
      .replace('truesource/validator', new URL('validator.js', dist).href)
      .replace('ndata: ', 'nData: ');
    writeFileSync(file, text);
    const { status, output } = execute(process.execPath, '--test', file);
    expect(output).toContain('ℹ fail 1\n');
    expect(output).toMatch(
      /http:\S+: 0 events in 66 bytes.*\n *error F05 in line 4: The field name "Data" is unknown/
    );
    expect(status).toBe(1);
  });
});

// conformance/engines/install has it installed.
const lacksPython = spawnSync('python3', ['--version']).error !== undefined;

describe.skipIf(lacksPython)('the vectors in Python', () => {
  const vectors = (...parameters: string[]) =>
    execute('python3', example('vectors.py'), ...parameters, fileURLToPath(new URL('cases', dist)));

  it('pass on a right parser', () => {
    expect(vectors()).toEqual({
      status: 0,
      output: expect.stringMatching(/^2\d\d cases in 4 chunkings\n$/) as string
    });
  });

  it.each([
    ['line-ends', 'cr-ends-a-line (as-written)'],
    ['bom', 'one-leading-bom-is-removed (as-written)'],
    ['space', 'only-one-space-after-the-colon-is-dropped (as-written)'],
    ['chunks', 'one-leading-bom-is-removed (one-byte)'],
    ['end', 'unfinished-block-is-dropped-when-the-connection-is-cut (as-written)'],
    ['types', 'open-on-the-wire-is-a-message-event (as-written)']
  ])('fail on one that is wrong about %s', (wrong, failure) => {
    const { status, output } = vectors('--wrong', wrong);
    expect(output).toContain(`FAIL ${failure}: `);
    expect(status).toBe(1);
  });
});
