import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadCases } from './load-cases.ts';
import { checkJudgements, judgedEngines } from './reports/natives.ts';
import type { Judgement } from './reports/natives.ts';

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
    return [...entry.matchAll(/^ {2}- (\w+)(?: in [^:]*)?: `/gm)]
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

  it('knows only cases that there are', () => {
    const ids = loadCases(fileURLToPath(new URL('cases', import.meta.url))).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(judgements.flatMap(({ cases }) => cases)));
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
