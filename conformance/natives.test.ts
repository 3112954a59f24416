import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadCases } from './load-cases.ts';
import { checkJudgements, describeSent, judgedEngines, renderDeviations } from './reports/natives.ts';
import type { Judgement } from './reports/natives.ts';
import { sampleReport } from './reports/sample-report.ts';

const judgements = JSON.parse(readFileSync(new URL('natives.json', import.meta.url), 'utf8')) as Judgement[];
const text = readFileSync(new URL('NATIVES.md', import.meta.url), 'utf8');

/** The deviations of the report from which NATIVES.md was written. */
const deviations = text
  .split('<!-- deviations -->')[1]!
  .split('\n- **')
  .slice(1)
  .flatMap((entry) => {
    const [id] = entry.split('**', 1);
    const isSilent = entry.startsWith(`${id}** (may,`);
    return [...entry.matchAll(/^ {2}- (\w+)(?: in [^:]*)?: /gm)]
      .map(([, engine]) => ({ case: id!, engine: engine!, isSilent }))
      .filter(({ engine }) => engine !== 'sent');
  });

describe('NATIVES.md', () => {
  it('has a judgement for each deviation, and no other', () => {
    expect(deviations.length).toBeGreaterThan(judgements.length);
    expect(checkJudgements(deviations, judgements)).toEqual([]);
  });

  it('has as many deviations as its table counts, besides those where the standard is silent', () => {
    const failed = [...text.matchAll(/^\| (\w+) \\\(.*\| native .*\| +(\d+) \| +0 \|$/gm)].map(
      ([, engine, count]) => [engine, Number(count)]
    );
    const counted = judgedEngines.map((engine) => [
      engine,
      deviations.filter((one) => one.engine === engine && !one.isSilent).length
    ]);
    expect(Object.fromEntries(failed)).toEqual(Object.fromEntries(counted));
  });

  it('has the judgements as they are now', () => {
    const plain = text.replace(/[\\\s]+/g, ' ').replace(/ (?=[^\w\s])|(?<=[^\w\s]) /g, '');
    for (const { title, judgement, matters } of judgements) {
      for (const part of [title, judgement, matters]) {
        expect(plain).toContain(part.replace(/\s+/g, ' ').replace(/ (?=[^\w\s])|(?<=[^\w\s]) /g, ''));
      }
    }
  });

  it('has the responses, the client, what was expected and observed with each', () => {
    const entries = text.split('<!-- deviations -->')[1]!.split('\n- **').slice(1);
    for (const entry of entries) {
      const lines = entry.split('```text')[1]?.split('\n') ?? [];
      const parts = lines.filter((line) => /^ {2}\w/.test(line)).map((line) => line.trim());
      expect(parts, entry).toEqual(expect.arrayContaining(['client', 'expected']));
      expect(parts[0], entry).toMatch(/^response 1/);
      const observed = parts.filter((part) => part.startsWith('observed in '));
      const named = [...entry.matchAll(/^ {2}- (?!sent)\w+/gm)];
      expect(observed.length, entry).toBe(named.length);
    }
  });

  it('has what is sent in the cases as they are now', () => {
    const cases = loadCases(fileURLToPath(new URL('cases', import.meta.url)));
    const entries = text.split('<!-- deviations -->')[1]!.split('\n- **').slice(1);
    const older = entries.flatMap((entry) => {
      const [id] = entry.split('**', 1);
      const testCase = cases.find((one) => one.id === id);
      const sent = /^ {2}- sent: .*$/m.exec(entry)?.[0];
      return testCase && sent === `  - sent: ${describeSent(testCase)}` ? [] : [id];
    });
    expect(older).toEqual([]);
  });

  it('knows only cases that there are', () => {
    const ids = loadCases(fileURLToPath(new URL('cases', import.meta.url))).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(judgements.flatMap(({ cases }) => cases)));
  });
});

describe('renderDeviations', () => {
  const report = sampleReport();
  const id = 'sample-case-3';
  const testCase = report.cases.find((each) => each.id === id)!;
  const cell = report.cells.find((each) => each.case === id && each.engine === 'chromium')!;
  testCase.connections.push({ end: 'reset' });
  const judgement = { title: 'T', engines: ['chromium'], cases: [id], judgement: '', matters: '' };

  it('has the head, the writes, the pauses and the end as sent, what the client did, and all that was observed', () => {
    testCase.client = { init: { withCredentials: true }, listen: ['custom'], close: { after: 5 } };
    const lines = renderDeviations(report, [judgement])
      .split('\n')
      .map((line) => line.trim());
    const expected = [
      'response 1',
      'HTTP/1.1 200 OK',
      'Content-Type: text/event-stream',
      'Transfer-Encoding: chunked',
      '"id: 3\\ndata: value 3\\n"',
      '(20 ms)',
      '{"hex":"EF BB BF 00 FF"}',
      '(end of the body, and of the connection)',
      'response 2',
      '(nothing asked for it)',
      'client',
      'new EventSource("{url}", {"withCredentials":true})',
      'listeners for open, message, error, custom',
      'close(): {"after":5}',
      'expected',
      'events[1]: message {"data":"value 3","lastEventId":"3"}',
      'observed in chromium, bytes as-written',
      'events[1].data: "valu", expected "value"',
      'events[0]: open {"readyState":1}',
      'readyState: 0'
    ];
    expect(lines.filter((line) => expected.includes(line))).toEqual(expected);
  });

  it('has the script of the case, and why there was no answer', () => {
    testCase.client = { script: ['log(1);', 'done();'] };
    cell.verdict = 'not observed';
    cell.runs = [
      { chunking: 'as-written', verdict: 'not observed', differences: [], why: 'the engine ended: code 139' }
    ];
    const markdown = renderDeviations(report, [judgement]);
    expect(markdown).toContain('- chromium: no answer: the engine ended: code 139');
    expect(markdown).toContain('client\n    log(1);\n    done();\n');
    expect(markdown).toContain(
      'observed in chromium, bytes as-written\n    no answer: the engine ended: code 139'
    );
  });
});

describe('checkJudgements', () => {
  const judgement = { title: 'T', engines: ['node', 'deno'], cases: ['a', 'b'], judgement: '', matters: '' };
  const both = [
    { case: 'a', engine: 'node' },
    { case: 'b', engine: 'deno' }
  ];
  it('is content with what fits', () => {
    expect(checkJudgements(both, [judgement])).toEqual([]);
  });
  it('names what is not judged, and what is judged twice', () => {
    expect(checkJudgements([...both, { case: 'c', engine: 'node' }], [judgement])).toEqual([
      'node c: not judged'
    ]);
    expect(checkJudgements(both, [judgement, { ...judgement, engines: ['node'], cases: ['a'] }])).toEqual([
      'node a: judged twice'
    ]);
  });
  it('names what does not deviate any more', () => {
    expect(checkJudgements(both.slice(0, 1), [judgement])).toEqual([
      '"T" names b, which does not deviate',
      '"T" names deno, which does not deviate'
    ]);
  });
});
