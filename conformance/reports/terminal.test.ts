import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sampleReport } from './sample-report.ts';
import type { Progress } from '../report.ts';
import { renderProgress, renderTerminal } from './terminal.ts';

describe('renderTerminal', () => {
  const text = renderTerminal(sampleReport(), { colour: false, width: 100 });

  it('gives sections, only the cases that differ, totals and one conclusion', () => {
    expect(text).toMatch(/^ +chromium +chromium/m);
    expect(text).toMatch(/^parsing +2\/4 +4\/4/m);
    expect(text).toMatch(/^ {2}sample-case-3 +F +\. +\. +F/m);
    expect(text).toMatch(/^ {2}sample-case-4 +\. +F +\./m);
    expect(text).toMatch(/^ {2}sample-case-5 +\. +x +x/m);
    expect(text).toMatch(/^ {2}sample-case-6 +\. +! +\./m);
    expect(text).toMatch(/^ {2}sample-case-8 +a +\./m);
    expect(text).toMatch(/^ {2}sample-case-11 +\. +\. +\?/m);
    expect(text).not.toContain('sample-case-7');
    expect(text).not.toContain('sample-case-10');
    expect(text).toMatch(/^unexpected +0 +2 +0/m);
    expect(text).toMatch(/^expected failures +0 +1 +1/m);
    expect(text).toContain('webkitgtk (native, truesource-fetch): not installed\n  apt-get install');
    expect(text).toContain('phantomjs (truesource-xhr): broken');
    expect(text).toContain('Stale');
    expect(text).toContain('events[1].data: expected "value", observed "valu"');
    expect(text.trimEnd().split('\n').at(-1)).toBe(
      'truesource: 2 unexpected results, 1 broken column, 1 stale line'
    );
  });

  it('says so when nothing is unexpected, and when nothing of ours ran', () => {
    const report = sampleReport();
    report.stale = [];
    report.columns = report.columns.filter((column) => column.status === 'ran');
    report.cells = report.cells.filter((cell) => !cell.unexpected);
    expect(renderTerminal(report, { colour: false, width: 100 })).toMatch(
      /\ntruesource: no unexpected results\n$/
    );
    report.cells = [];
    report.columns = [];
    expect(renderTerminal(report, { colour: false, width: 100 })).toMatch(/\ntruesource: not run itself\n$/);
    expect(renderTerminal(report, { colour: true, width: 100 })).not.toContain('\x1b[31m');
  });

  it('holds the width, in blocks if it must, and keeps all that is in the text plain', () => {
    for (const [columns, width] of [
      [8, 100],
      [15, 100],
      [15, 80],
      [3, 72],
      [1, 200]
    ] as const) {
      const lines = renderTerminal(sampleReport({ columns }), { colour: false, width }).split('\n');
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
      expect(lines.join('')).toMatch(/^[\x20-\x7e\xa1-\xff…]*$/);
      expect(lines.filter((line) => line.startsWith('parsing')).length).toBe(
        Math.ceil(columns / Math.floor((width - 28) / 9))
      );
    }
    expect(renderTerminal(sampleReport({ columns: 8 }), { colour: false, width: 100 })).toMatch(
      /…fetch .*…xhr/
    );
  });

  it('names what is flaky or leaks, with each verdict and what explains it', () => {
    const report = sampleReport();
    report.cells[0]!.runs[0]!.flaky = { seen: ['pass', 'fail'] };
    report.cells[1]!.runs[0]!.flaky = { seen: ['fail', 'pass'], explanation: 'shaky\u001b' };
    const [one, other] = report.cells.filter((cell) => cell.case === 'sample-case-10');
    one!.runs[0]!.leak = 'open';
    one!.runs[0]!.reruns = ['it was late'];
    other!.runs[0]!.reruns = ['it was late', 'it was late'];
    report.cells.find((cell) => cell.case === 'sample-case-12')!.runs[0]!.reruns = ['it was late'];
    const shown = renderTerminal(report, { colour: false, width: 200 });
    expect(shown).not.toContain('sample-case-12');
    expect(shown).toContain(
      [
        'Flaky or leaking',
        '  chromium/native sample-case-0 (as-written): flaky: pass, fail; nothing explains it',
        '  chromium/truesource-fetch sample-case-0 (as-written): flaky: fail, pass; shaky\\u{1b}',
        '  chromium/native sample-case-9 (as-written): leak: requests[0] was still open 5000 ms after its source had been closed',
        '  chromium/native sample-case-10 (as-written): leak: open',
        '',
        'Only run again: 2 runs; 2 (it was late)',
        ''
      ].join('\n')
    );
  });

  it('differs in nothing but colour', () => {
    const coloured = renderTerminal(sampleReport(), { colour: true, width: 100 });
    expect(coloured).not.toBe(text);
    expect(stripVTControlCharacters(coloured)).toBe(text);
  });
});

describe('renderProgress', () => {
  const progress: Progress = {
    columns: [
      { engine: 'chromium', implementation: 'native', done: 40, total: 100, state: 'running' },
      { engine: 'node', implementation: 'native', done: 100, total: 100, state: 'done' },
      { engine: 'firefox', implementation: 'native', done: 0, total: 100, state: 'starting' },
      { engine: 'cog\n', implementation: 'native', done: 0, total: 100, state: 'broken' }
    ],
    elapsed: 12345,
    waitingFor: ['firefox', 'deno']
  };

  it('is one line', () => {
    expect(renderProgress(progress, 200)).toBe(
      '140/400  12.3 s  2 of 4 columns  1 broken  chromium/native 40/100  firefox/native starting  waiting for firefox and 1 more'
    );
    expect(renderProgress({ columns: [], elapsed: 0, waitingFor: [] }, 80)).toBe('0/0  0.0 s');
    expect(renderProgress({ ...progress, columns: [], repeat: [2, 3] }, 40)).toBe(
      'repeat 2 of 3  0/0  12.3 s  waiting for…'
    );
  });

  it('never wraps', () => {
    for (let width = 0; width < 110; width++) {
      expect(renderProgress(progress, width).length).toBeLessThanOrEqual(width);
    }
    expect(renderProgress({ ...progress, waitingFor: ['a\nb\u001b[2J'] }, 200)).toMatch(/^[\x20-\x7e]*$/);
  });
});
