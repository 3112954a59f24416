#!/usr/bin/env node
import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { distance } from 'fastest-levenshtein';
import pc from 'picocolors';
import picomatch from 'picomatch';
import type { Engine } from './engine.ts';
import { createClientServiceEngine } from './engines/client-service.ts';
import { engines } from './engines/index.ts';
import { createWebDriverEngines } from './engines/webdriver.ts';
import type { WebDriverEndpoint } from './engines/webdriver.ts';
import { checkExpectedFailures, isHeld } from './expected-failures.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import { findImplementation } from './implementation.ts';
import type { Implementation } from './implementation.ts';
import { loadCases } from './load-cases.ts';
import type { SectionedCase } from './load-cases.ts';
import { updateExpectations } from './print-expectations.ts';
import { combineReports } from './repeats.ts';
import type { GlobalKind, Progress, Report } from './report.ts';
import { compareReports, isChanged, readReport, renderComparison } from './reports/comparison.ts';
import { renderHtml } from './reports/html.ts';
import { renderJson } from './reports/json.ts';
import { renderJunit } from './reports/junit.ts';
import { renderMarkdown } from './reports/markdown.ts';
import { findFlaky } from './reports/outcome.ts';
import { renderProgress, renderTerminal } from './reports/terminal.ts';
import { listColumns, openVenue, originCount, portsFrom, run } from './run.ts';
import { describeServer, openSuiteServer } from './serve.ts';
import { standard } from './standard.ts';
import { createStatusLine } from './status-line.ts';
import { addValidatorCommands } from './validator/command.ts';
import { version } from './version.ts';
import { findUnknownHandlers, planUpstreamTests, runUpstream } from './wpt/upstream.ts';
import type { UpstreamTest } from './wpt/upstream.ts';
import {
  isUnexpected as isUpstreamUnexpected,
  judgeUpstream,
  renderUpstream
} from './wpt/upstream-verdict.ts';
import type { ExpectedUpstreamFailure } from './wpt/upstream-verdict.ts';

/** A mistake in the command line: one line, exit code 2. */
class UsageError extends Error {}
/** What could not be done: one line, exit code 1. */
class Failure extends Error {}
/** A service or endpoint that could not be used: one line, exit code 3. */
class EndpointFailure extends Error {}

const formats: Record<string, (report: Report) => string> = {
  html: renderHtml,
  json: renderJson,
  junit: renderJunit,
  markdown: renderMarkdown,
  terminal: (report) => renderTerminal(report, { colour: false, width: 120 })
};

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const dist = join(root, 'dist');

/** What --wpt goes with. */
const upstreamOptions = [
  '--wpt',
  '--engine',
  '--implementation',
  '--global',
  '--case',
  '--report',
  '--require'
];

const globals = ['window', 'dedicated-worker', 'shared-worker'];

/** Interval of progress lines where there is no terminal, ms. */
const plainInterval = 10_000;

const collect = (value: string, previous: string[] = []): string[] => [...previous, ...value.split(',')];
const collectWhole = (value: string, previous: string[] = []): string[] => [...previous, value];

const program = new Command('truesource')
  .description(
    'Plays edge-case event streams into EventSource implementations and shows who does what the standard says.'
  )
  .version(version)
  .helpOption('-h, --help', 'show this help')
  .helpCommand(false)
  .showSuggestionAfterError()
  .exitOverride()
  .configureOutput({ writeErr: () => {} });

program
  .command('conformance')
  .description('run the cases in every engine found, print the matrix, write the reports')
  .option('--engine <name>', `only this engine, repeatable: ${names(engines)}`, collect)
  .option(
    '--implementation <name|path|package>',
    'only this implementation, repeatable: native, truesource-fetch, truesource-xhr, or a script, module or installed package that exports or installs an EventSource; after a # the name of the export, if it has another',
    collect
  )
  .option(
    '--global <kind>',
    `in browsers, only in these global objects, repeatable: ${globals.join(', ')} (default: window)`,
    collect
  )
  .option('--case <glob>', 'only cases whose id matches, repeatable', collectWhole)
  .option(
    '--report <format=file>',
    `write this report, repeatable; formats: ${Object.keys(formats).join(', ')} (default: html=report.html and json=report.json)`,
    collectWhole
  )
  .option('--require <names>', 'fail if one of these engines, separated by commas, cannot be run', collect)
  .option(
    '--client-service <url>',
    'only this test service of a client in any language, which keeps the contract of sse-contract-tests; repeatable',
    collectWhole
  )
  .option(
    '--webdriver <url>',
    'only the browser of this WebDriver endpoint; repeatable: sessions with the same capabilities share the cases out',
    collectWhole
  )
  .option('--capabilities <json>', 'of the session there, repeatable: one for all, or one each', collectWhole)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option(
    '--public-host <name>',
    'name of this machine for services and browsers elsewhere; default: the address'
  )
  .option('--port <number>', 'first of the 8 ports to listen on; 0: free ones', '0')
  .option('--repeat <times>', 'run all so many times, and name what had not the same verdict each time')
  .option(
    '--expected-failures <file>',
    'hold every implementation of this run, not truesource alone, to the list in this file, in place of the one here'
  )
  .option(
    '--print-expectations',
    'print, in place of the matrix, the list of expected failures that fits this run; without --report, write no reports'
  )
  .option(
    '--wpt [directory]',
    'run the upstream tests of this checkout of web-platform-tests instead; --case then chooses files, --report json=FILE alone is written'
  )
  .addHelpText(
    'after',
    `
Exit codes: 0 no unexpected result of truesource, with --expected-failures of any implementation; 1 there is one, a required engine or an implementation of others did not run anywhere, or with --repeat a difference between repeats that nothing explains; 2 mistake in the command line, or an address that cannot be had; 3 a service or endpoint could not be used to the end; 130 Ctrl-C.`
  )
  .action(runConformance);

program
  .command('compare')
  .description('show what changed between two runs, from their JSON reports')
  .argument('<before>', 'JSON report of the earlier run')
  .argument('<after>', 'JSON report of the later run')
  .addHelpText(
    'after',
    `
Exit codes: 0 no verdict, case or column changed; 1 one did; 2 a file that is no report, or a mistake in the command line.`
  )
  .action(compare);

program
  .command('serve')
  .description('show the page that runs the suite in any browser that opens it, until Ctrl-C')
  .option(
    '--host <address>',
    'address to listen on; 0.0.0.0 lets every device of the network use it',
    '127.0.0.1'
  )
  .option(
    '--port <number>',
    'port of the page; the 7 after it are used as well; 0: free ones (default: 8000, or free ones)'
  )
  .option('--tls', 'https with a certificate that is made for it')
  .option('--cert <file>', 'https with this certificate, as PEM; needs --key')
  .option('--key <file>', 'its private key, as PEM')
  .option('--http2', 'HTTP/2, over --tls or --cert, for browsers that ask for it')
  .action(serve);

program
  .command('engines')
  .description('list the engines: version, or how to get it')
  .option('--json', 'as JSON')
  .action(listEngines);

program
  .command('cases')
  .description('list the cases')
  .option('--json', 'as JSON')
  .option('--case <glob>', 'only cases whose id matches, repeatable', collectWhole)
  .action(listCases);

addValidatorCommands(program);

interface ConformanceOptions {
  engine?: string[];
  implementation?: string[];
  global?: string[];
  case?: string[];
  report?: string[];
  require?: string[];
  clientService?: string[];
  webdriver?: string[];
  capabilities?: string[];
  host: string;
  publicHost?: string;
  port: string;
  repeat?: string;
  expectedFailures?: string;
  printExpectations?: boolean;
  wpt?: string | true;
}

async function runConformance(options: ConformanceOptions, command: Command): Promise<void> {
  if (options.wpt !== undefined) {
    const others = command.options.filter(
      (option) => command.getOptionValueSource(option.attributeName()) === 'cli'
    );
    const foreign = others.find(({ long }) => !upstreamOptions.includes(long!));
    if (foreign) throw new UsageError(`--wpt does not go with ${foreign.long}`);
    return runUpstreamTests(options.wpt, options);
  }
  if (options.repeat !== undefined && !/^[1-9]\d{0,3}$/.test(options.repeat)) {
    throw new UsageError(`--repeat must be a number from 1 to 9999, not ${JSON.stringify(options.repeat)}`);
  }
  const repeats = Number(options.repeat ?? 1);
  const endpoints = [
    ...[...new Set(options.clientService?.map((url) => checkUrl('--client-service', url)))].map((url) =>
      createClientServiceEngine(url)
    ),
    ...createWebDriverEngines(pairEndpoints(options.webdriver ?? [], options.capabilities ?? []))
  ];
  const chosen: Engine[] = [
    ...(endpoints.length > 0 && !options.engine ? [] : chooseEngines(options.engine)),
    ...endpoints
  ];
  const port = checkPort(options.port);
  const publicHost = options.publicHost === undefined ? undefined : checkHost(options.publicHost);
  const implementations =
    options.implementation && (await Promise.all(options.implementation.map(chooseImplementation)));
  const chosenGlobals = options.global?.map(findGlobal);
  for (const kind of chosenGlobals ?? []) {
    const isThere = ({ workers, features }: Engine): boolean =>
      kind === 'window' ? features('native').includes('document') : (workers ?? []).includes(kind);
    if (!chosen.some(isThere)) throw new UsageError(`no engine chosen has a ${kind}: ${names(chosen)}`);
  }
  const cases = chooseCases(options.case);
  const required = (options.require ?? []).map((name) => {
    const [engine] = chooseEngines([name]);
    const why = options.engine ? '--engine leaves it out' : 'without --engine only the endpoints are run';
    if (!chosen.includes(engine!)) throw new UsageError(`--require ${name}, but ${why}`);
    return name;
  });
  for (const one of implementations ?? []) {
    const isFor = (engine: Engine): boolean =>
      !engine.isImplementation && (typeof one === 'object' || engine.implementations.includes(one));
    if (chosen.some(isFor)) continue;
    const name = typeof one === 'object' ? one.name : one;
    throw new UsageError(`no engine chosen has the implementation ${name}: ${names(chosen)}`);
  }
  const standardReports = options.printExpectations ? [] : ['html=report.html', 'json=report.json'];
  const reports = (options.report ?? standardReports).map(parseReport);
  for (const [index, { format, file }] of reports.entries()) {
    const other = reports.findIndex((report) => report.file === file);
    if (other < index)
      throw new UsageError(
        `the ${format} report would be written over the ${reports[other]!.format} report: ${file}`
      );
  }
  if (!existsSync(join(dist, 'client.js'))) throw new Failure(`${dist} is not built: npm run build`);

  const expectedFailures = readExpectedFailures(options.expectedFailures);
  const show = createProgressLine();
  const results: Report[] = [];
  const tellOfTheLoss = (code: number): void => {
    show.end();
    if (code > 128) process.stderr.write('truesource: ended before the run was; there is no report of it\n');
  };
  process.once('exit', tellOfTheLoss);
  try {
    for (const endpoint of endpoints) {
      const found = await endpoint.find();
      if ('missing' in found) throw new EndpointFailure(found.missing);
    }
    while (results.length < repeats) {
      const venue = await openVenue(dist, { host: options.host, ports: portsFrom(port) }).catch(
        (error: Error) => {
          throw new UsageError(`--host ${options.host} and --port ${port} cannot be had: ${error.message}`);
        }
      );
      if (publicHost !== undefined) venue.origins = venue.server.originsAt(publicHost);
      try {
        for await (const event of run({
          engines: chosen,
          ...(implementations && { implementations }),
          ...(chosenGlobals && { globals: chosenGlobals }),
          cases,
          expectedFailures,
          ...(options.expectedFailures !== undefined && { expectationsOf: 'all' }),
          dist,
          version,
          standard,
          venue
        })) {
          if (event.type === 'report') results.push(event.report);
          else if (event.type === 'progress') {
            show.update({ ...event.progress, ...(repeats > 1 && { repeat: [results.length + 1, repeats] }) });
          }
        }
      } finally {
        await venue.server.close();
      }
    }
  } finally {
    await Promise.all(endpoints.map(({ close }) => close?.()));
  }
  process.off('exit', tellOfTheLoss);
  show.end();
  const report = combineReports(results, expectedFailures, chosen);

  const foreign = (implementations ?? []).flatMap((one) => (typeof one === 'object' ? one.name : []));
  if (options.printExpectations) {
    const columns = [...engines, ...endpoints].flatMap((engine) =>
      listColumns(engine, [...engine.implementations, ...(engine.isImplementation ? [] : foreign)])
    );
    process.stdout.write(
      `${JSON.stringify(updateExpectations(report, expectedFailures, columns), null, 2)}\n`
    );
  } else {
    process.stdout.write(
      renderTerminal(report, { colour: pc.isColorSupported, width: process.stdout.columns || 100 })
    );
  }
  for (const { format, file } of reports) {
    try {
      writeFileSync(file, formats[format]!(report));
    } catch (error) {
      throw new Failure(`the ${format} report could not be written: ${(error as Error).message}`);
    }
    const told = options.printExpectations ? process.stderr : process.stdout;
    told.write(`${format} report: ${file}\n`);
  }
  const idle = required.filter((name) => {
    const columns = report.columns.filter(({ engine }) => engine === name);
    return columns.length === 0 || columns.some(({ status }) => status !== 'ran');
  });
  for (const name of idle) {
    const note = report.columns.find(({ engine, status }) => engine === name && status !== 'ran')?.note;
    process.stderr.write(`truesource: ${name} is required and did not run${note ? `: ${note}` : ''}\n`);
  }
  const isUnexpected =
    report.cells.some((cell) => cell.unexpected) ||
    report.stale.length > 0 ||
    findFlaky(report).some(({ run: { flaky } }) => flaky!.explanation === undefined) ||
    report.columns.some(
      ({ implementation, status }) => isHeld(report, implementation) && status === 'broken'
    );
  const unusable = foreign.flatMap((name) => {
    const columns = report.columns.filter(({ implementation }) => implementation === name);
    return columns.some(({ status }) => status === 'ran') ? [] : columns.slice(0, 1);
  });
  for (const { implementation, engine, note } of unusable)
    process.stderr.write(`truesource: ${implementation} could not be run anywhere; in ${engine}: ${note}\n`);
  if (isUnexpected || idle.length > 0 || unusable.length > 0) process.exitCode = 1;
  for (const { engine, status, note } of report.columns) {
    const address = endpoints.find(({ name }) => name === engine)?.address;
    if (status === 'ran' || address === undefined) continue;
    process.stderr.write(`truesource: ${note}${note?.includes(address) ? '' : ` (${engine}, ${address})`}\n`);
    process.exitCode = 3;
  }
}

async function runUpstreamTests(directory: string | true, options: ConformanceOptions): Promise<void> {
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
    throw unknown(
      'file',
      options.case![0]!,
      all.map(({ file }) => file)
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
  if (isUpstreamUnexpected(report) || idle.length > 0) process.exitCode = 1;
}

async function serve(options: {
  host: string;
  port?: string;
  tls?: true;
  cert?: string;
  key?: string;
  http2?: true;
}): Promise<void> {
  const port = options.port === undefined ? undefined : checkPort(options.port);
  if (!existsSync(join(dist, 'suite-page.js'))) throw new Failure(`${dist} is not built: npm run build`);
  const tls = await readCertificate(options);
  const server = await openSuiteServer({
    host: options.host,
    ...(port !== undefined && { port }),
    ...(tls && { tls }),
    ...(options.http2 && { http2: true }),
    chooseCases,
    expectedFailures: readExpectedFailures(),
    dist,
    version,
    standard
  }).catch((error: Error) => {
    throw new UsageError(error.message);
  });
  process.stdout.write(describeServer(server, { host: options.host, ...(tls && { tls }) }));
  for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
    process.once(signal, () => void server.close().finally(() => process.exit(code)));
  }
}

function checkPort(value: string): number {
  const most = 65536 - originCount;
  if (/^\d+$/.test(value) && Number(value) <= most) return Number(value);
  throw new UsageError(`--port must be a number from 0 to ${most}, not ${JSON.stringify(value)}`);
}

/** As URLs have it: an address of IPv6 in brackets. */
function checkHost(value: string): string {
  const host = isIPv6(value) ? `[${value}]` : value;
  if (/^([^\s[\]:/?#@\\]+|\[.*\])$/.test(host) && URL.canParse(`http://${host}`)) return host;
  throw new UsageError(`--public-host must be a name or an address, not ${JSON.stringify(value)}`);
}

function pairEndpoints(urls: string[], capabilities: string[]): WebDriverEndpoint[] {
  if (capabilities.length > 1 && capabilities.length !== urls.length) {
    throw new UsageError(
      `there are ${urls.length} --webdriver and ${capabilities.length} --capabilities; give one for all, or one each`
    );
  }
  if (urls.length === 0 && capabilities.length > 0)
    throw new UsageError('--capabilities goes with --webdriver');
  const parsed = capabilities.map((text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined;
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    throw new UsageError(`--capabilities must be a JSON object, not ${JSON.stringify(text)}`);
  });
  return urls.map((url, index) => ({
    url: checkUrl('--webdriver', url),
    capabilities: parsed[index] ?? parsed[0] ?? {}
  }));
}

function checkUrl(option: string, value: string): string {
  if (/^https?:/.test(value) && URL.canParse(value)) return new URL(value).href;
  throw new UsageError(`${option} must be an http or https URL, not ${JSON.stringify(value)}`);
}

async function listEngines(options: { json?: boolean }): Promise<void> {
  const found = await Promise.all(
    engines.map(async ({ name, implementations, find }) => ({ name, ...(await find()), implementations }))
  );
  if (options.json) return void process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  for (const engine of found) {
    const state = 'version' in engine ? engine.version : `not installed: ${engine.missing}`;
    process.stdout.write(
      `${engine.name.padEnd(10)}${state.padEnd(18)} ${engine.implementations.join(' ')}\n`
    );
  }
}

function listCases(options: { json?: boolean; case?: string[] }): void {
  const cases = chooseCases(options.case);
  if (options.json) return void process.stdout.write(`${JSON.stringify(cases, null, 2)}\n`);
  const width = Math.max(...cases.map(({ id }) => id.length));
  for (const { section, level, id, title } of cases) {
    process.stdout.write(`${section.padEnd(13)}${level.padEnd(7)}${id.padEnd(width)}  ${title}\n`);
  }
}

function compare(before: string, after: string): void {
  const [one, other] = [before, after].map((file) => {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      throw new UsageError(`${file}: ${(error as Error).message}`);
    }
    try {
      return readReport(text);
    } catch (error) {
      throw new UsageError(`${file} ${(error as Error).message}`);
    }
  });
  const comparison = compareReports(one!, other!);
  process.stdout.write(renderComparison(comparison, [before, after]));
  if (isChanged(comparison)) process.exitCode = 1;
}

/** Throws a UsageError where `named`, on the command line, is no list of expected failures of cases that there are. */
function readExpectedFailures(named?: string): ExpectedFailure[] {
  const file = named ?? join(here, 'expected-failures.json');
  try {
    const list: unknown = JSON.parse(readFileSync(file, 'utf8'));
    checkExpectedFailures(list);
    const ids = new Set(chooseCases().map(({ id }) => id));
    const id = list.flatMap(({ cases }) => cases).find((one) => !ids.has(one));
    if (id !== undefined) throw unknown('case', id, [...ids]);
    return list;
  } catch (error) {
    throw new (named === undefined ? Failure : UsageError)(`${file}: ${(error as Error).message}`);
  }
}

function chooseEngines(wanted?: string[]): typeof engines {
  for (const name of wanted ?? []) {
    if (!engines.some((engine) => engine.name === name))
      throw unknown(
        'engine',
        name,
        engines.map((e) => e.name)
      );
  }
  return wanted ? engines.filter(({ name }) => wanted.includes(name)) : engines;
}

function findGlobal(name: string): GlobalKind {
  if (!globals.includes(name)) throw unknown('kind of global object', name, globals);
  return name.replace('-', ' ') as GlobalKind;
}

async function chooseImplementation(name: string): Promise<string | Implementation> {
  const known = [...new Set(engines.flatMap(({ implementations }) => implementations))];
  if (known.includes(name)) return name;
  const found = await findImplementation(name);
  if (found) return found;
  if (name.includes('/')) throw new UsageError(`there is no file ${resolve(name)}, and no package ${name}`);
  throw unknown('implementation, file or package', name, known);
}

function chooseCases(globs?: string[]): SectionedCase[] {
  const cases = loadCases(join(here, 'cases'));
  if (!globs) return cases;
  if (globs.includes('')) throw new UsageError('--case needs a glob');
  const matchers = globs.map((glob) => ({ glob, matches: picomatch(glob) }));
  for (const { glob, matches } of matchers) {
    if (!cases.some(({ id }) => matches(id)))
      throw unknown(
        'case',
        glob,
        cases.map(({ id }) => id)
      );
  }
  return cases.filter(({ id }) => matchers.some(({ matches }) => matches(id)));
}

async function readCertificate(options: {
  tls?: true;
  cert?: string;
  key?: string;
  http2?: true;
}): Promise<{ key: string; cert: string } | 'generated' | undefined> {
  const { cert, key } = options;
  if (cert === undefined && key === undefined) {
    if (options.http2 && !options.tls) throw new UsageError('--http2 needs --tls, or --cert and --key');
    return options.tls && 'generated';
  }
  if (cert === undefined) throw new UsageError('--key needs --cert');
  if (key === undefined) throw new UsageError('--cert needs --key');
  const pair = { key: readPem('--key', key), cert: readPem('--cert', cert) };
  try {
    (await import('node:tls')).createSecureContext(pair);
  } catch (error) {
    throw new UsageError(`--cert ${cert} and --key ${key} cannot be used: ${(error as Error).message}`);
  }
  return pair;
}

function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`);
  }
}

function parseReport(value: string): { format: string; file: string } {
  const [format = '', ...rest] = value.split('=');
  if (!Object.hasOwn(formats, format)) throw unknown('report format', format, Object.keys(formats));
  if (rest.join('=') === '')
    throw new UsageError(`--report ${format} needs a file, as in --report ${format}=FILE`);
  const file = resolve(rest.join('='));
  try {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw new Error('is a directory');
    accessSync(there ? file : dirname(file), constants.W_OK);
  } catch (error) {
    throw new UsageError(`the ${format} report cannot be written to ${file}: ${(error as Error).message}`);
  }
  return { format, file };
}

function unknown(kind: string, name: string, valid: string[]): UsageError {
  return new UsageError(`unknown ${kind} ${JSON.stringify(name)}; did you mean ${nearest(name, valid)}?`);
}

/** Of those whose beginnings, as long as the name, differ least from it, the one that differs least as a whole. */
function nearest(name: string, valid: string[]): string {
  const bare = name.replaceAll('*', '');
  const rate = (word: string) =>
    distance(bare, word.slice(0, bare.length)) + distance(bare, word) / (1 + word.length + bare.length);
  return valid.reduce((best, word) => (rate(word) < rate(best) ? word : best));
}

function names(list: { name: string }[]): string {
  return list.map(({ name }) => name).join(', ');
}

function createProgressLine(): { update(progress: Progress): void; end(): void } {
  const line = createLine();
  return {
    update: (progress) => line.update((width) => renderProgress(progress, width)),
    end: () => line.end()
  };
}

/** One line on stderr that is written anew; where there is no terminal, now and then a line. */
function createLine(): { update(text: string | ((width: number) => string)): void; end(): void } {
  const { stderr } = process;
  const interval = stderr.isTTY ? 100 : plainInterval;
  let shownAt = stderr.isTTY ? 0 : Date.now();
  const statusLine = createStatusLine(stderr);
  return {
    update(text) {
      if (Date.now() - shownAt < interval) return;
      shownAt = Date.now();
      const line = typeof text === 'string' ? text : text(stderr.isTTY ? stderr.columns || 80 : 200);
      if (stderr.isTTY) statusLine.show(line);
      else stderr.write(`${line}\n`);
    },
    end() {
      if (stderr.isTTY) statusLine.clear();
    }
  };
}

process.stdout.on('error', () => {});

function parse(parameters: string[]): Promise<unknown> {
  return program.parseAsync(parameters, { from: 'user' });
}

/** One line that names the nearest option or command, which commander does for near ones only. */
function describeMistake(error: CommanderError): string {
  if (error.code === 'commander.help') {
    return `a command is missing: ${program.commands.map((command) => command.name()).join(', ')}`;
  }
  const [, name] = /'(.*)'/.exec(error.message) ?? [];
  if (name === undefined || error.message.includes('Did you mean')) return error.message;
  const command = program.commands.find((one) => process.argv.includes(one.name())) ?? program;
  if (error.code === 'commander.unknownOption') {
    const valid = [...command.options.map(({ long }) => long!), '--help'];
    return `${error.message}; did you mean ${nearest(name, valid)}?`;
  }
  if (error.code !== 'commander.unknownCommand') return error.message;
  const valid = program.commands.map((one) => one.name());
  return `${error.message}; did you mean ${nearest(name, valid)}?`;
}

try {
  for (const command of program.commands) {
    command
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .helpOption('-h, --help', 'show this help');
  }
  await parse(process.argv.slice(2));
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0;
  else if (error instanceof CommanderError || error instanceof UsageError) {
    const message = error instanceof CommanderError ? describeMistake(error) : error.message;
    process.stderr.write(`truesource: ${message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')}\n`);
    process.exitCode = 2;
  } else {
    const isKnown = error instanceof Failure || error instanceof EndpointFailure;
    process.stderr.write(`truesource: ${isKnown ? error.message : String((error as Error).stack)}\n`);
    process.exitCode = error instanceof EndpointFailure ? 3 : 1;
  }
}
