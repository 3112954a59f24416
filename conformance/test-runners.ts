import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { cut } from './chunkings.ts';
import type { SectionedCase } from './load-cases.ts';
import { isPassed, type Cell, type Difference } from './report.ts';
import { clauseUrl } from './reports/clause.ts';
import { describeExchange } from './reports/exchange.ts';
import { cases as all, runWithin, type InProcessOptions } from './run-in-process.ts';

/** What vitest and node:test have in common, the name of one hook apart. */
interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, options: { timeout: number }, body: (context: TestContext) => Promise<void>): void;
  after?(hook: () => void): void;
  afterAll?(hook: () => void): void;
}
interface TestContext {
  /** Throws in vitest; returns in node:test. */
  skip(why: string): void;
}

/** Milliseconds: a test waits for the cases before its own. */
const timeout = 60_000;

// Tests must be registered at once, and what is of a package must be awaited.
const runner = (
  process.env.VITEST === undefined ? createRequire(import.meta.url)('node:test') : await import('vitest')
) as TestRunner;

/**
 * Registers one test per case with vitest, if that runs this, else with node:test. A case that the standard says must pass fails its test
 * unless it does; of the others, and where the environment lacks what a case needs, the test is skipped and says why. An error that its client
 * throws and nobody catches fails its test, whichever test is under way then.
 */
export function conformance(
  EventSource: unknown,
  { cases = all, features }: Pick<InProcessOptions, 'cases' | 'features'> = {}
): void {
  const ending = new AbortController();
  const cells = new Map(cases.map(({ id }) => [id, defer<Cell>()]));
  const uncaught = watchUncaught(cases);
  let running: Promise<unknown> | undefined;
  const start = (): Promise<unknown> =>
    runWithin(uncaught.current, EventSource, {
      cases,
      ...(features && { features }),
      signal: ending.signal,
      onCell: (cell) => cells.get(cell.case)!.resolve(cell)
    }).catch((error: unknown) => {
      for (const { reject } of cells.values()) reject(error);
    });

  runner.describe('EventSource', () => {
    (runner.after ?? runner.afterAll)!(async () => {
      ending.abort();
      await running;
      uncaught.end();
      const late = cases.flatMap(({ id }) => uncaught.take(id).map((error) => `${id}, later: ${error}`));
      if (late.length > 0) throw new Error(late.join('\n'));
    });
    for (const testCase of cases) {
      runner.it(`${testCase.section}: ${testCase.id}`, { timeout }, async (context) => {
        running ??= (uncaught.begin(), start());
        const cell = await cells.get(testCase.id)!.promise;
        const { verdict } = cell;
        const errors = uncaught.take(testCase.id);
        if (errors.length > 0) throw new Error([...errors, describeCell(testCase, cell)].join('\n'));
        if (isPassed(verdict)) return;
        if (verdict === 'unsupported' || testCase.level !== 'must') context.skip(summarize(testCase, cell));
        else throw new Error(describeCell(testCase, cell));
      });
    }
  });
}

/** Keeps from the test runner, which would blame the test under way, what the client of a case throws and nobody catches. */
function watchUncaught(cases: SectionedCase[]): {
  current: AsyncLocalStorage<string>;
  begin(): void;
  /** What came from the client of a case since it was last asked. */
  take(id: string): string[];
  end(): void;
} {
  const current = new AsyncLocalStorage<string>();
  const byPlay = new Map(
    cases.flatMap((one) => cut(one.section, one).map(({ play }) => [play.id, one] as const))
  );
  const errors = new Map<string, string[]>();
  const restore: (() => void)[] = [];
  return {
    current,
    begin() {
      for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
        const others = process.rawListeners(name) as NodeJS.UncaughtExceptionListener[];
        const listener = (error: Error, origin: NodeJS.UncaughtExceptionOrigin): void => {
          const testCase = byPlay.get(current.getStore() ?? '');
          if (!testCase) {
            // Deno has no listener of its own, and fails for what is thrown here.
            if (others.length === 0) throw error;
            for (const other of others) other.call(process, error, origin);
          } else if (!testCase.requires?.includes('own-process'))
            errors.set(testCase.id, [
              ...(errors.get(testCase.id) ?? []),
              `its client threw what nobody caught: ${inspect(error)}`
            ]);
        };
        process.removeAllListeners(name).on(name as 'uncaughtException', listener);
        restore.push(() => {
          process.off(name, listener);
          for (const other of others) process.on(name as 'uncaughtException', other);
        });
      }
    },
    take(id) {
      const found = errors.get(id) ?? [];
      errors.delete(id);
      return found;
    },
    end() {
      for (const one of restore.splice(0)) one();
    }
  };
}

function defer<T>(): { promise: Promise<T>; resolve(value: T): void; reject(reason: unknown): void } {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((...both) => ([resolve, reject] = both));
  // Nobody waits for those whose tests are not run.
  promise.catch(() => {});
  return { promise, resolve, reject };
}

/** One line: the verdict and its reason. */
function summarize({ title }: SectionedCase, { verdict, runs }: Cell): string {
  const { why, differences } = runs[0]!;
  return [
    `${verdict}: ${title}`,
    ...(why === undefined ? [] : [why]),
    ...differences.map(describeDifference)
  ].join(' ');
}

/** What was to be observed, the bytes that were sent, and what was observed. */
function describeCell(testCase: SectionedCase, cell: Cell): string {
  const run = cell.runs[0]!;
  const { chunking, differences, why, observation } = run;
  const { events = [], ...rest } = observation ?? {};
  return [
    `${cell.verdict}: ${testCase.title}`,
    `level ${testCase.level}, ${clauseUrl(testCase.spec)}, bytes cut ${chunking}`,
    ...(why === undefined ? [] : [why]),
    ...differences.map(describeDifference),
    ...describeExchange(testCase, run),
    ...events.map((event) => `observed: ${JSON.stringify(event)}`),
    `observed: ${JSON.stringify(rest)}`
  ].join('\n');
}

function describeDifference({ what, expected, observed }: Difference): string {
  return `${what}: expected ${expected}, observed ${observed}`;
}
