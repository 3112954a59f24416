import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import * as eventStream from '../../polyfill/event-stream.ts';
import { loadCases } from '../load-cases.ts';
import { casesOf, columns, missingInOldEngines, tryCase, type Modules } from './columns.ts';
import { casesOfTheParser, parserAlone, tryTheParser } from './parser.ts';
import { globalsToLoadAmong, replaceGlobals } from './run-in-virtual-time.ts';

let modern: Modules;
let old: Modules;
beforeAll(async () => {
  modern = await load([]);
  old = await load(missingInOldEngines);
});

async function load(missing: string[]): Promise<Modules> {
  const restore = replaceGlobals(globalsToLoadAmong, missing);
  vi.resetModules();
  const modules = {
    ...(await import('../../polyfill/event-source.ts')),
    ...(await import('../../polyfill/extras/extend.ts')),
    ...(await import('../../polyfill/transports/choose.ts'))
  };
  restore();
  return modules;
}

const cases = loadCases(fileURLToPath(new URL('../cases', import.meta.url)));

describe.each(columns)('$name', (column) => {
  test.each(casesOf(column, cases).map((each) => [each.id, each] as const))(
    '%s',
    async (_id, testCase) => {
      expect(await tryCase(column, column.isOld ? old : modern, testCase)).toBe(undefined);
      // One that is given up goes on among the globals of the next.
    },
    60_000
  );
});

describe(parserAlone, () => {
  test.each(casesOfTheParser(cases).map((each) => [each.id, each] as const))('%s', (_id, testCase) => {
    expect(tryTheParser(eventStream, testCase, true)).toBe(undefined);
  });
});
