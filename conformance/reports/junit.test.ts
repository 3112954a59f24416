import { readFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { renderJunit } from './junit.ts';
import { sampleReport } from './sample-report.ts';

const schema = readFileSync(new URL('junit.xsd', import.meta.url), 'utf8');
const validate = async (xml: string) =>
  (await validateXML({ xml, schema })).errors.map(({ message }) => message);
const parse = (xml: string) => new new JSDOM('').window.DOMParser().parseFromString(xml, 'application/xml');

describe('renderJunit', () => {
  it('is valid against its schema, whatever the texts', async () => {
    expect(await validate(renderJunit(sampleReport()))).toEqual([]);
  });

  it('has a schema that refuses', async () => {
    const xml = renderJunit(sampleReport());
    expect(await validate(xml.replace(/ message="[^"]*"/, ''))).not.toEqual([]);
    expect(await validate(xml.replace('<failure ', '<failed '))).not.toEqual([]);
  });

  it('counts what it holds, and takes nothing for passed that did not pass', () => {
    const report = sampleReport();
    const document = parse(renderJunit(report));
    const suites = [...document.querySelectorAll('testsuite')];
    expect(suites).toHaveLength(report.columns.length);
    for (const suite of [document.documentElement, ...suites]) {
      for (const [attribute, elements] of [
        ['tests', 'testcase'],
        ['failures', 'failure'],
        ['errors', 'error'],
        ['skipped', 'skipped']
      ] as const) {
        if (!suite.hasAttribute(attribute)) continue;
        expect(Number(suite.getAttribute(attribute))).toBe(suite.querySelectorAll(elements).length);
      }
    }
    const passed = report.cells.filter(
      ({ verdict, unexpected }) => (verdict === 'pass' || verdict === 'allowed') && !unexpected
    );
    expect(document.querySelectorAll('testcase:not(:has(*))')).toHaveLength(passed.length);
    expect(document.querySelectorAll('error')).toHaveLength(
      report.cells.filter(({ verdict }) => verdict === 'not observed').length
    );
  });

  it('has the bytes of what failed, and the script of its case', () => {
    const report = sampleReport();
    const cell = report.cells.find(({ verdict }) => verdict === 'fail')!;
    const [run] = cell.runs;
    run!.requests![0]!.writes = [
      { at: 0, bytes: 'data: a\n\n', length: 9 },
      { at: 0, bytes: 'x'.repeat(2000), length: 8000 }
    ];
    report.cases.find(({ id }) => id === cell.case)!.client = { script: ['log(1);', 'done();'] };
    const failures = parse(renderJunit(report)).querySelectorAll(`testcase[name="${cell.case}"] > *`);
    const text = [...failures].map(({ textContent }) => textContent).join('\n');
    expect(text).toContain('sent: "data: a\\n\\n"\n');
    expect(text).toContain('x" and so on, 8000 bytes\nscript: log(1);\nscript: done();');
  });

  it('fails what is flaky, and skips what the standard leaves free', () => {
    const report = sampleReport();
    const [good] = report.cells.filter(({ verdict }) => verdict === 'pass');
    good!.runs[0]!.flaky = { seen: ['pass', 'fail'] };
    const shaky = report.cells.find(({ verdict, unexpected }) => verdict === 'fail' && !unexpected)!;
    const flaky = { seen: ['fail' as const, 'pass' as const], explanation: 'It is shaky.' };
    for (const run of shaky.runs) run.flaky = flaky;
    const unseen = report.cells.find(({ verdict }) => verdict === 'not observed')!;
    for (const run of unseen.runs) run.flaky = flaky;
    const may = report.cells.find(({ verdict }) => verdict === 'differs')!;
    report.cases.find(({ id }) => id === may.case)!.level = 'may';
    const should = report.cells.find(({ verdict, unexpected }) => verdict === 'fail' && unexpected)!;
    report.cases.find(({ id }) => id === should.case)!.level = 'should';
    const document = parse(renderJunit(report));
    const element = (id: string, { engine, implementation }: typeof may) =>
      document.querySelector(`testcase[name="${id}"][classname^="${engine}.${implementation}."]`)
        ?.firstElementChild;
    const types = (...cell: Parameters<typeof element>) => element(...cell)?.getAttribute('type');
    for (const cell of [shaky, unseen]) {
      expect(element(cell.case, cell)).toMatchObject({ localName: 'skipped' });
      expect(element(cell.case, cell)!.getAttribute('message')).toBe('It is shaky.');
    }
    expect(types(good!.case, good!)).toBe('flaky');
    expect(types(may.case, may)).toBe('differs from what is a may');
    expect(types(should.case, should)).toBe('fail');
  });
});
