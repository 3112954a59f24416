#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import {
  chooseCases,
  EndpointFailure,
  Failure,
  formats,
  globals,
  names,
  nearest,
  UsageError
} from './command-line.ts';
import { runConformance } from './command.ts';
import { engines } from './engines/index.ts';
import { compareReports, isChanged, readReport, renderComparison } from './reports/comparison.ts';
import { serve } from './serve-command.ts';
import { addValidatorCommands } from './validator/command.ts';
import { printable } from './validator/formats/printable.ts';
import { version } from './version.ts';

const collect = (value: string, previous: string[] = []): string[] => [...previous, ...value.split(',')];
const collectWhole = (value: string, previous: string[] = []): string[] => [...previous, value];

const program = new Command('truesource')
  .description(
    'Plays edge-case event streams into EventSource implementations and shows who does what the standard says.'
  )
  .version(version)
  .helpOption('-h, --help', 'show this help')
  .helpCommand('help [command]', 'show the help of a command')
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

async function listEngines(options: { json?: boolean }): Promise<void> {
  const found = await Promise.all(
    engines.map(async ({ name, implementations, find }) => ({ name, ...(await find()), implementations }))
  );
  if (options.json) return void process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  const width = Math.max(...found.map((engine) => ('version' in engine ? engine.version.length : 0)));
  for (const engine of found) {
    const name = engine.name.padEnd(10);
    if ('version' in engine)
      process.stdout.write(`${name}${engine.version.padEnd(width)}  ${engine.implementations.join(' ')}\n`);
    else process.stdout.write(`${name}not installed: ${engine.missing}\n`);
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

process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  // Who read it has gone.
  if (code === 'EPIPE') return;
  process.stderr.write(`truesource: standard output cannot be written: ${message}\n`);
  process.exitCode = 2;
});

function parse(parameters: string[]): Promise<unknown> {
  return program.parseAsync(parameters, { from: 'user' });
}

/** One line that names the nearest option or command, which commander does for near ones only. */
function describeMistake(error: CommanderError): string {
  if (error.code === 'commander.help') {
    const [, , first, asked] = process.argv;
    const what = first === 'help' ? `there is no command ${asked}` : 'a command is missing';
    return `${what}: ${program.commands.map((command) => command.name()).join(', ')}`;
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
  const parameters = process.argv.slice(2);
  // Commander knows of no help of `help`.
  while (parameters[0] === 'help' && parameters[1] === 'help') parameters.shift();
  await parse(parameters);
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0;
  else if (error instanceof CommanderError || error instanceof UsageError) {
    const message = error instanceof CommanderError ? describeMistake(error) : error.message;
    const line = message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    process.stderr.write(`truesource: ${printable(line)}\n`);
    process.exitCode = 2;
  } else {
    const isKnown = error instanceof Failure || error instanceof EndpointFailure;
    process.stderr.write(`truesource: ${isKnown ? error.message : String((error as Error).stack)}\n`);
    process.exitCode = error instanceof EndpointFailure ? 3 : 1;
  }
}
