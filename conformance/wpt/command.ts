import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import picomatch from 'picomatch';
import {
  chooseEngines,
  createLine,
  dist,
  Failure,
  findGlobal,
  here,
  parseReport,
  unknown,
  unknownGlob,
  UsageError
} from '../command-line.ts';
import type { ConformanceOptions } from '../command.ts';
import { findUnknownHandlers, planUpstreamTests, runUpstream } from './upstream.ts';
import type { UpstreamTest } from './upstream.ts';
import { isUnexpected, judgeUpstream, renderUpstream } from './upstream-verdict.ts';
import type { ExpectedUpstreamFailure } from './upstream-verdict.ts';

export async function runUpstreamTests(directory: string | true, options: ConformanceOptions): Promise<void> {
  if (directory === true) {
    throw new UsageError(
      '--wpt needs the folder of a checkout of github.com/web-platform-tests/wpt; these of its folders are enough (git sparse-checkout set): eventsource resources common interfaces'
    );
  }
  const chosen = chooseEngines(options.engine).filter((engine) => engine.globals || options.engine);
  const windowless = chosen.find((engine) => !engine.globals);
  if (windowless) throw new UsageError(`the upstream tests are pages, which ${windowless.name} has not`);
  const required = (options.require ?? []).flatMap((name) => chooseEngines([name])).map(({ name }) => name);
  const known = [...new Set(chosen.flatMap(({ implementations }) => implementations))];
  for (const name of options.implementation ?? []) {
    if (!known.includes(name)) throw unknown('implementation', name, known);
  }
  const reports = (options.report ?? []).map(parseReport);
  if (reports.some(({ format }) => format !== 'json')) throw new UsageError('--wpt writes json reports only');
  let all: UpstreamTest[];
  try {
    all = planUpstreamTests(resolve(directory));
  } catch (error) {
    throw new UsageError(`${directory} is no checkout of web-platform-tests: ${(error as Error).message}`);
  }
  const matchers = (options.case ?? ['**']).map((glob) => picomatch(glob));
  const named = all.filter(({ file }) => matchers.some((matches) => matches(file)));
  if (named.length === 0) {
    throw unknownGlob(
      'file',
      options.case![0]!,
      all.map(({ file }) => file),
      `they are in ${join(directory, 'eventsource')}`
    );
  }
  const chosenGlobals = options.global?.map(findGlobal);
  const tests = named.filter(({ global }) => chosenGlobals?.includes(global) ?? true);
  if (tests.length === 0)
    throw new UsageError(`none of these files is for a ${options.global!.join(' or ')}`);
  if (!existsSync(join(dist, 'wpt-driver.js'))) throw new Failure(`${dist} is not built: npm run build`);
  for (const path of findUnknownHandlers(directory)) {
    process.stderr.write(`truesource: there is no handler for ${path}; tests that ask for it get 501\n`);
  }

  const show = createLine();
  const columns = await runUpstream({
    directory: resolve(directory),
    engines: chosen,
    ...(options.implementation && { implementations: options.implementation }),
    tests,
    dist,
    onProgress: show.update
  });
  show.end();
  const list = JSON.parse(
    readFileSync(join(here, 'wpt', 'upstream-expected-failures.json'), 'utf8')
  ) as ExpectedUpstreamFailure[];
  const report = judgeUpstream(
    columns,
    list,
    all.map(({ file }) => file),
    tests.length === all.length
  );
  process.stdout.write(renderUpstream(report));
  for (const { file } of reports) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  const idle = required.filter(
    (name) => !columns.some((column) => column.engine === name && column.status === 'ran')
  );
  for (const name of idle) process.stderr.write(`truesource: ${name} is required and did not run\n`);
  if (isUnexpected(report) || idle.length > 0) process.exitCode = 1;
}
