import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { planUpstreamTests } from './upstream.ts';
import type { UpstreamColumn, UpstreamResult } from './upstream.ts';
import { isUnexpected, judgeUpstream, renderUpstream } from './upstream-verdict.ts';

const directory = mkdtempSync(join(tmpdir(), 'truesource-upstream-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('the plan', () => {
  it('has the pages of every kind of test', () => {
    const harness = '<script src="/resources/testharness.js"></script>';
    const files = {
      'resources/testharness.js': '',
      'common/x.js': '',
      'eventsource/README.md': '',
      'eventsource/a.any.js': '// META: title=x\n',
      'eventsource/b.any.js': '// META: global=window,worker,shadowrealm\n// META: timeout=long\n',
      'eventsource/c.window.js': '// META: variant=?1\n// META: variant=?2\n',
      'eventsource/d.htm': `${harness}<meta name=timeout content=long><script>new SharedWorker('x.js')</script>`,
      'eventsource/support.html': '<p>',
      'eventsource/x.js': '',
      'eventsource/dedicated-worker/e.worker.js': '',
      'eventsource/resources/f.html': harness
    };
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(directory, name, '..'), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    const plan = planUpstreamTests(directory);
    expect(plan.map(({ file, global, isLong }) => [file, global, isLong])).toEqual([
      ['a.any.html', 'window', false],
      ['a.any.worker.html', 'dedicated worker', false],
      ['b.any.html', 'window', true],
      ['b.any.worker.html', 'dedicated worker', true],
      ['b.any.sharedworker.html', 'shared worker', true],
      ['c.window.html?1', 'window', false],
      ['c.window.html?2', 'window', false],
      ['d.htm', 'shared worker', true],
      ['dedicated-worker/e.worker.html', 'dedicated worker', false]
    ]);
    expect(plan[0]!.url).toBe('/eventsource/a.any.html');
  });

  it('is refused for what is no checkout', () => {
    expect(() => planUpstreamTests(join(directory, 'common'))).toThrow(/there is no/);
  });
});

describe('the verdict', () => {
  const result = (
    file: string,
    subtest: string | null,
    status: UpstreamResult['status']
  ): UpstreamResult => ({
    file,
    subtest,
    status,
    message: 'm'
  });
  const column = (
    implementation: string,
    results: UpstreamResult[],
    status: UpstreamColumn['status'] = 'ran'
  ) => ({
    engine: 'e',
    version: '1',
    implementation,
    status,
    time: 1000,
    results
  });
  const files = ['f', 'g'];
  const line = { implementations: ['truesource-xhr'], tests: { f: ['t'] }, reason: 'r', link: 'l' };

  it('takes a failure that is listed, and no other', () => {
    const columns = [column('truesource-xhr', [result('f', 't', 'fail'), result('f', 'u', 'pass')])];
    const listed = judgeUpstream(columns, [line], files, true);
    expect(isUnexpected(listed)).toBe(false);
    expect(listed.columns[0]!.upstream).toEqual({ passed: 1, total: 2 });
    expect(renderUpstream(listed)).toMatch(/1\/2[^]*f: t \(fail: r\)/);
    for (const other of [[], [{ ...line, engines: ['x'] }], [{ ...line, tests: { g: ['t'] } }]]) {
      const report = judgeUpstream(columns, other, files, true);
      expect(isUnexpected(report)).toBe(true);
      expect(renderUpstream(report)).toContain('UNEXPECTED f: t (fail: m)');
    }
  });

  it('only reports what a native fails', () => {
    const report = judgeUpstream([column('native', [result('f', 't', 'timeout')])], [], files, true);
    expect(report.failures).toHaveLength(1);
    expect(isUnexpected(report)).toBe(false);
  });

  it('fails on a line that is stale, or is of no test', () => {
    const passes = [column('truesource-xhr', [result('f', 't', 'pass')])];
    expect(judgeUpstream(passes, [line], files, true).stale).toMatchObject([{ why: 'passed' }]);
    const absent = [column('truesource-xhr', [result('f', 'u', 'pass')])];
    expect(judgeUpstream(absent, [line], files, true).stale).toMatchObject([{ why: 'not there' }]);
    expect(isUnexpected(judgeUpstream(absent, [line], files, true))).toBe(true);
    expect(judgeUpstream(absent, [line], files, false).stale).toEqual([]);
  });

  it('passes over a line of a file that the checkout has not, and says so', () => {
    const columns = [column('truesource-xhr', [result('f', 't', 'fail')])];
    const report = judgeUpstream(columns, [line, { ...line, tests: { h: ['t'] } }], files, true);
    expect(isUnexpected(report)).toBe(false);
    expect(report.absent).toEqual(['h']);
    expect(renderUpstream(report)).toMatch(/Not in this checkout.*\n {2}h\n/);
  });

  it('fails on a file without a result and a column that broke', () => {
    const lost = judgeUpstream([column('truesource-xhr', [result('f', null, 'timeout')])], [], files, true);
    expect(isUnexpected(lost)).toBe(true);
    expect(lost.columns[0]!.upstream.total).toBe(0);
    expect(isUnexpected(judgeUpstream([column('truesource-xhr', [], 'broken')], [line], files, true))).toBe(
      true
    );
  });

  it('counts the Web IDL tests apart', () => {
    const results = [result('idlharness.any.html', 't', 'pass'), result('f', 't', 'pass')];
    const [counted] = judgeUpstream([column('native', results)], [], files, true).columns;
    expect(counted).toMatchObject({ upstream: { total: 1 }, webIdl: { passed: 1, total: 1 } });
  });
});
