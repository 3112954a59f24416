import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { InstrumenterContext } from '@stryker-mutator/api/core';
import { PluginKind } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  MutantRunStatus,
  TestStatus,
  toMutantRunResult,
  type DryRunResult,
  type MutantRunOptions,
  type MutantRunResult,
  type TestRunner
} from '@stryker-mutator/api/test-runner';
import { loadCases } from '../load-cases.ts';
import { casesOf, columns, missingInOldEngines, tryCase, type Modules } from './columns.ts';
import { casesOfTheParser, parserAlone, tryTheParser, type Parser } from './parser.ts';
import { globalsToLoadAmong, replaceGlobals } from './run-in-virtual-time.ts';

interface Test {
  id: string;
  /** Answers what is not as it should be. */
  run(): Promise<string | undefined>;
  /** Mutants that it has killed. */
  kills: number;
  /** Milliseconds, the last time. */
  took: number;
}

/** Runs the cases for Stryker, in its process: Vitest takes seconds for each mutant, most of which the first cases kill. */
class CaseRunner implements TestRunner {
  readonly #cases = loadCases(fileURLToPath(new URL('../cases', import.meta.url)));
  readonly #tests: Test[] = [
    ...columns.flatMap((column) =>
      casesOf(column, this.#cases).map((testCase) =>
        toTest(column.name, testCase, async () =>
          tryCase(column, await (column.isOld ? this.#loadForOldEngines() : this.#load()), testCase)
        )
      )
    ),
    ...casesOfTheParser(this.#cases).map((testCase) =>
      toTest(parserAlone, testCase, async () => {
        const { whole, ofPages } = await this.#loadTheParser();
        return tryTheParser(whole, testCase, true) ?? tryTheParser(ofPages, testCase, false);
      })
    )
  ];
  readonly #context = ((globalThis as { __stryker__?: InstrumenterContext }).__stryker__ ??= {});
  /** Of the modules that are in use: those of a mutant are its own. */
  #name = '';
  #modern: Promise<Modules> | undefined;
  #old: Promise<Modules> | undefined;
  #parser: Promise<{ whole: Parser; ofPages: Parser }> | undefined;

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: true };
  }

  async dryRun(): Promise<DryRunResult> {
    // What runs then belongs to no case.
    await this.#load();
    await this.#loadForOldEngines();
    await this.#loadTheParser();
    return this.#run(this.#tests, false);
  }

  async mutantRun({ testFilter, activeMutant, hitLimit }: MutantRunOptions): Promise<MutantRunResult> {
    this.#context.activeMutant = activeMutant.id;
    this.#forget(activeMutant.id);
    Object.assign(this.#context, { hitLimit, hitCount: hitLimit === undefined ? undefined : 0 });
    const tests = testFilter ? this.#tests.filter(({ id }) => testFilter.includes(id)) : [...this.#tests];
    // What killed others kills this one too, more often than not.
    tests.sort((a, b) => b.kills - a.kills || a.took - b.took);
    const result = await this.#run(tests, true);
    const timeout = determineHitLimitReached(this.#context.hitCount, hitLimit);
    if (timeout) return toMutantRunResult(timeout);
    const mutantResult = toMutantRunResult(result);
    if (mutantResult.status !== MutantRunStatus.Killed) return mutantResult;
    // What fails without the mutant as well has killed nothing.
    Object.assign(this.#context, { activeMutant: undefined, hitCount: undefined });
    this.#forget(`${activeMutant.id}-less`);
    const killer = tests.filter(({ id }) => mutantResult.killedBy.includes(id));
    const control = toMutantRunResult(await this.#run(killer, true));
    return control.status === MutantRunStatus.Survived
      ? mutantResult
      : { status: MutantRunStatus.Error, errorMessage: `fails without a mutant: ${killer[0]!.id}` };
  }

  async #run(tests: Test[], isOverAtFailure: boolean): Promise<DryRunResult> {
    const results: Extract<DryRunResult, { tests: unknown }>['tests'] = [];
    for (const test of tests) {
      this.#context.currentTestId = test.id;
      const started = performance.now();
      const failure = await test.run().catch((error: unknown) => String(error));
      delete this.#context.currentTestId;
      test.took = performance.now() - started;
      const result = { id: test.id, name: test.id, timeSpentMs: test.took };
      if (failure === undefined) results.push({ ...result, status: TestStatus.Success });
      else {
        test.kills++;
        results.push({ ...result, status: TestStatus.Failed, failureMessage: failure });
        if (isOverAtFailure) break;
      }
    }
    return {
      status: DryRunStatus.Complete,
      tests: results,
      ...(this.#context.mutantCoverage && { mutantCoverage: this.#context.mutantCoverage })
    };
  }

  /** All is loaded anew: what a mutant has left in a module must not kill the next. */
  #forget(name: string): void {
    this.#name = name;
    this.#modern = this.#old = this.#parser = undefined;
  }

  #load(): Promise<Modules> {
    if (!this.#modern) {
      const restore = replaceGlobals(globalsToLoadAmong, []);
      this.#modern = load(polyfill, `?${this.#name}`).finally(restore) as Promise<Modules>;
    }
    return this.#modern;
  }

  #loadForOldEngines(): Promise<Modules> {
    if (!this.#old) {
      const restore = replaceGlobals(globalsToLoadAmong, missingInOldEngines);
      this.#old = load(polyfill, `?${this.#name}-old`).finally(restore) as Promise<Modules>;
    }
    return this.#old;
  }

  /** As the validator has it, without a bundle; and as bundles for pages do. */
  #loadTheParser(): Promise<{ whole: Parser; ofPages: Parser }> {
    const loadAmong = (globals: Record<string, unknown>, missing: string[], name: string) => {
      const restore = replaceGlobals(globals, missing);
      return load(['event-stream.ts'], `?${this.#name}-${name}`).finally(restore) as Promise<Parser>;
    };
    this.#parser ??= (async () => ({
      whole: await loadAmong({}, Object.keys(ofBundles), 'whole'),
      ofPages: await loadAmong({ FOR_SERVERS: false }, [], 'pages')
    }))();
    return this.#parser;
  }
}

function toTest(column: string, { id }: { id: string }, run: Test['run']): Test {
  return { id: `${column} ${id}`, run, kills: 0, took: 0 };
}

export const strykerPlugins = [{ kind: PluginKind.TestRunner, name: 'cases', injectableClass: CaseRunner }];

// As in vitest.config.ts.
const ofBundles = { FOR_OLD_ENGINES: true, FOR_FETCH: true, FOR_SERVERS: true };
Object.assign(globalThis, ofBundles);

/** All that the columns make an EventSource of. */
const polyfill = ['event-source.ts', 'extras/extend.ts', 'transports/choose.ts'];

// What a module with a query imports has it as well: a second copy of all.
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const query = specifier.startsWith('.') ? new URL(context.parentURL ?? 'file:///').search : '';
    return { ...resolved, url: resolved.url + query };
  }
});

/** Of Stryker's copy of the polyfill, which is where this process is. */
async function load(names: string[], query: string): Promise<object> {
  const modules = names.map((name) => import(pathToFileURL(resolve('polyfill', name)).href + query));
  return Object.assign({}, ...(await Promise.all(modules))) as object;
}
