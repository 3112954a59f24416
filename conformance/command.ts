import { existsSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import {
  checkPort,
  chooseCases,
  chooseEngines,
  createLine,
  dist,
  EndpointFailure,
  Failure,
  findGlobal,
  formats,
  names,
  parseReport,
  readExpectedFailures,
  UsageError
} from './command-line.ts';
import type { Engine } from './engine.ts';
import { createClientServiceEngine } from './engines/client-service.ts';
import { engines } from './engines/index.ts';
import { createWebDriverEngines } from './engines/webdriver.ts';
import type { WebDriverEndpoint } from './engines/webdriver.ts';
import { isHeld } from './expected-failures.ts';
import { findImplementation } from './implementation.ts';
import type { Implementation } from './implementation.ts';
import { updateExpectations } from './print-expectations.ts';
import { combineReports } from './repeats.ts';
import type { Progress, Report } from './report.ts';
import { findFlaky } from './reports/outcome.ts';
import { renderProgress, renderTerminal } from './reports/terminal.ts';
import { listColumns, openVenue, portsFrom, run } from './run.ts';
import { standard } from './standard.ts';
import { version } from './version.ts';
import { runUpstreamTests } from './wpt/command.ts';

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

export interface ConformanceOptions {
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

export async function runConformance(options: ConformanceOptions, command: Command): Promise<void> {
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
      // A grid may have to start a machine.
      const waiting = setInterval(() => show.update(`waiting for ${endpoint.address}`), 1000);
      const found = await endpoint.find().finally(() => clearInterval(waiting));
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
  const told = new Set<string>();
  for (const { engine, status, note } of report.columns) {
    const address = endpoints.find(({ name }) => name === engine)?.address;
    if (address === undefined || (status === 'ran' && note === undefined)) continue;
    told.add(note?.includes(address) ? note : `${note} (${engine}, ${address})`);
    if (status !== 'ran') process.exitCode = 3;
  }
  for (const note of told) process.stderr.write(`truesource: ${note}\n`);
}

async function chooseImplementation(name: string): Promise<string | Implementation> {
  const known = [...new Set(engines.flatMap(({ implementations }) => implementations))];
  if (known.includes(name)) return name;
  const found = await findImplementation(name);
  if (found) return found;
  if (/\/|\.[cm]?[jt]s(#|$)/.test(name))
    throw new UsageError(`there is no file ${resolve(name)}, and no package ${name}`);
  throw new UsageError(
    `${JSON.stringify(name)} is no package that is installed here, no file, and none of ${known.join(', ')}`
  );
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

function createProgressLine(): { update(progress: Progress | string): void; end(): void } {
  const line = createLine();
  return {
    update: (progress) =>
      line.update(
        typeof progress === 'string' ? progress : (width: number) => renderProgress(progress, width)
      ),
    end: () => line.end()
  };
}
