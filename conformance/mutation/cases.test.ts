import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import * as eventSource from '../../polyfill/event-source.ts';
import * as eventStream from '../../polyfill/event-stream.ts';
import * as extras from '../../polyfill/extras/extend.ts';
import * as transports from '../../polyfill/transports/choose.ts';
import { loadCases } from '../load-cases.ts';
import { casesOf, columns, missingInOldEngines, tryCase, type Modules } from './columns.ts';
import { casesOfTheParser, parserAlone, tryTheParser } from './parser.ts';
import { replaceGlobals } from './run-in-virtual-time.ts';

const modern: Modules = { ...eventSource, ...extras, ...transports };
let old: Modules;
beforeAll(async () => {
  const restore = replaceGlobals({}, missingInOldEngines);
  vi.resetModules();
  old = {
    ...(await import('../../polyfill/event-source.ts')),
    ...(await import('../../polyfill/extras/extend.ts')),
    ...(await import('../../polyfill/transports/choose.ts'))
  };
  restore();
});

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
