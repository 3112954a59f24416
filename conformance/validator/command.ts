import { closeSync, fstatSync, openSync, read, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { CommanderError, type Command } from 'commander';
import pc from 'picocolors';
import { createStatusLine } from '../status-line.ts';
import { version } from '../version.ts';
import { bodyOf } from './captures.ts';
import { formats } from './formats/index.ts';
import { printable } from './formats/printable.ts';
import { renderLine } from './formats/text.ts';
import { rankOf } from './judging.ts';
import { parseHeader } from './observe.ts';
import { profiles, severities, type Finding, type Probe, type Profile, type Severity } from './rule.ts';
import { groups, rules } from './rules/index.ts';
import { tail } from './tail.ts';
import { injectedValues } from './probes.ts';
import { count, isAtLeast, type Result } from './result.ts';
import {
  defaultDuration,
  defaultMaxBytes,
  lint,
  probeNames,
  validate,
  type LintOptions,
  type ValidateOptions
} from './validate.ts';

/** Interval of progress lines where there is no terminal, ms. */
const plainInterval = 10_000;
const choosable = probeNames.filter((probe) => probe !== 'inject');
const exitCodes = `
Exit codes: 0 no finding at or above --fail-on; 1 there is one; 2 mistake in the command line, a file that is no captured body, or what cannot be read or written;
3 no answer could be read (the first line says whether DNS, refused, TLS, timeout …); 4 a rule of --require-observed was not observed; 130 Ctrl-C.`;

interface JudgeOptions {
  profile: string;
  expectTypes?: string[];
  failOn: string;
  ignore?: string[];
  baseline?: string;
  requireObserved?: string[];
  format: string;
}

interface RequestOptions {
  header?: string[];
  method?: string;
  data?: string;
}

interface ValidateCommandOptions extends JudgeOptions, RequestOptions {
  origin?: string;
  duration: string;
  maxBytes: string;
  probes?: string[];
  inject?: string;
  listRules?: boolean;
}

function mistake(message: string): CommanderError {
  return new CommanderError(2, 'truesource.usage', message);
}

function oneOf<T extends string>(option: string, value: string, valid: readonly T[]): T {
  if (!valid.includes(value as T)) {
    throw mistake(`${option} must be one of ${valid.join(', ')}, not ${JSON.stringify(value)}`);
  }
  return value as T;
}

function numberOf(option: string, value: string, most: number): number {
  const number = Number(value);
  if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) || number <= 0 || number > most)
    throw mistake(`${option} must be a number above 0 and up to ${most}, not ${JSON.stringify(value)}`);
  return number;
}

function ruleIds(option: string, ids: string[] | undefined): string[] {
  return (ids ?? []).map((id) =>
    oneOf(
      option,
      id.toUpperCase(),
      rules.map((rule) => rule.id)
    )
  );
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw mistake(`not an http or https URL: ${JSON.stringify(text)}`);
  return url;
}

function requestOf({
  header = [],
  method,
  data
}: RequestOptions): Pick<ValidateOptions, 'headers' | 'method'> & { body?: Buffer } {
  try {
    const verb = (method ?? (data === undefined ? 'GET' : 'POST')).toUpperCase();
    if (!/^[!#$%&'*+.^_`|~0-9A-Z-]+$/.test(verb))
      throw new TypeError(`not a method: ${JSON.stringify(method)}`);
    return {
      headers: header.map(parseHeader),
      method: verb,
      ...(data !== undefined && { body: Buffer.from(data) })
    };
  } catch (error) {
    throw mistake((error as Error).message);
  }
}

/** The findings of an earlier JSON report. */
function readBaseline(file: string): Accepted[] {
  let report: { findings?: { rule?: unknown; severity?: unknown }[] } | null;
  try {
    const bytes = readFileSync(file);
    // PowerShell writes UTF-16, or UTF-8 with a byte order mark, which a TextDecoder leaves out.
    const text = new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-8').decode(bytes);
    report = JSON.parse(text) as typeof report;
    if (!Array.isArray(report?.findings)) throw new TypeError('it has no findings');
  } catch (error) {
    throw mistake(`--baseline must be the JSON of an earlier report: ${(error as Error).message}`);
  }
  return report.findings.map((finding) => ({
    rule: ruleIds('a rule of --baseline', [String(finding?.rule)])[0]!,
    severity: oneOf('a severity of --baseline', String(finding?.severity), severities)
  }));
}

type Accepted = Pick<Finding, 'rule' | 'severity'>;

interface Judgement {
  lintOptions: LintOptions;
  failOn: Severity;
  format: string;
  baseline?: Accepted[];
  required: string[];
}

function judgementOf(options: JudgeOptions): Judgement {
  return {
    lintOptions: {
      profile: oneOf<Profile>('--profile', options.profile, profiles),
      ignore: ruleIds('--ignore', options.ignore),
      ...(options.expectTypes && { expectTypes: options.expectTypes })
    },
    failOn: oneOf('--fail-on', options.failOn, severities),
    format: oneOf('--format', options.format, Object.keys(formats)),
    required: ruleIds('--require-observed', options.requireObserved),
    ...(options.baseline !== undefined && { baseline: readBaseline(options.baseline) })
  };
}

/** Prints the report, and sets the exit code. */
function conclude(result: Result, { failOn, format, baseline, required }: Judgement): void {
  const findings = result.findings.filter(
    ({ rule, severity }) =>
      !baseline?.some((accepted) => accepted.rule === rule && rankOf(accepted.severity) <= rankOf(severity))
  );
  const shown = { ...result, findings, counts: count(findings) };
  process.stdout.write(
    formats[format]!(shown, {
      colour: pc.isColorSupported && process.stdout.isTTY,
      width: process.stdout.columns || 100,
      version,
      failOn
    })
  );
  const gone = (baseline ?? [])
    .map((accepted) => accepted.rule)
    .filter((id) =>
      result.verdicts.some(({ rule, verdict }) => rule === id && /^(ok|not applicable)$/.test(verdict))
    );
  if (gone.length > 0)
    process.stderr.write(
      `truesource: in the baseline, and found no longer: ${[...new Set(gone)].join(', ')}\n`
    );
  // Without a verdict: another profile's, say, or one that is not decided.
  const unobserved = required.filter((id) =>
    result.verdicts.every(({ rule, verdict }) => rule !== id || verdict === 'not observed')
  );
  if (unobserved.length > 0)
    process.stderr.write(`truesource: required, and not observed: ${unobserved.join(', ')}\n`);
  if (process.exitCode === 130) return;
  if (result.failure) process.exitCode = 3;
  else if (shown.findings.some((finding) => isAtLeast(finding, failOn))) process.exitCode = 1;
  else if (unobserved.length > 0) process.exitCode = 4;
}

function listRules(): void {
  for (const group of groups) {
    process.stdout.write(`${group.name}\n`);
    for (const { id, severity, kinds, name, title, judge, profiles: only } of group.rules) {
      const note =
        'undecided' in judge
          ? `  not decided: ${judge.undecided}`
          : only
            ? `  with --profile ${only.join(' or ')}`
            : '';
      process.stdout.write(
        `  ${id}  ${severity.padEnd(12)}${kinds.join(', ').padEnd(21)} ${name}: ${title}${note}\n`
      );
    }
  }
}

async function runValidate(target: string | undefined, options: ValidateCommandOptions): Promise<void> {
  if (options.listRules) return listRules();
  if (target === undefined) throw mistake('a URL is missing');
  keepHeapSmall();
  const url = urlOf(target);
  const judgement = judgementOf(options);
  const { origin, inject, probes } = options;
  if (origin !== undefined && urlOf(origin).origin !== origin)
    throw mistake(`--origin must be like ${urlOf(origin).origin}`);
  if (inject === '') throw mistake('--inject must be the name of an argument');
  if (inject !== undefined) {
    for (const value of Object.values(injectedValues)) {
      process.stderr.write(`truesource: --inject will send ${inject}=${JSON.stringify(value)}\n`);
    }
  }
  const stop = new AbortController();
  process.once('SIGINT', () => {
    process.exitCode = 130;
    stop.abort();
  });
  const validation = validate(url, {
    ...judgement.lintOptions,
    ...requestOf(options),
    ...(origin !== undefined && { origin }),
    ...(inject !== undefined && { inject }),
    duration: numberOf('--duration', options.duration, 86_400) * 1000,
    maxBytes: Math.ceil(numberOf('--max-bytes', options.maxBytes, 2 ** 40)),
    ...(probes && {
      probes: probes
        .filter((name) => name !== 'none')
        .map((name) => oneOf<Probe>('--probes', name, choosable))
    }),
    signal: stop.signal
  });
  const text = { colour: pc.isColorSupported && process.stderr.isTTY, width: process.stderr.columns || 100 };
  const waiting = createWaitingLine();
  try {
    for await (const event of validation) {
      if (event.type === 'progress') waiting.show(event.waitingFor);
      else if (event.type === 'finding') waiting.write(renderLine(event.finding, event.at, text));
    }
  } finally {
    waiting.end();
  }
  if (text.colour || process.stderr.isTTY) process.stderr.write('\n');
  conclude(await validation.result, judgement);
}

/**
 * V8 lets its young generation grow under a flood, though next to nothing outlives a line: that made 114 MB of 77, at the same speed
 * (flood.built.test.ts). And it lets large strings pile up before it looks for those that are gone: that made 126 MB of 103, with events
 * of 4 MB.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
}

/** What is waited for, on the last line of the terminal; without a terminal, now and then a line. */
function createWaitingLine() {
  const { stderr } = process;
  const statusLine = createStatusLine(stderr);
  const startedAt = Date.now();
  let what = '';
  const draw = () => {
    const line = `${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  waiting for ${what}`;
    if (stderr.isTTY) statusLine.show(line);
    else stderr.write(`${line}\n`);
  };
  const timer = setInterval(draw, stderr.isTTY ? 100 : plainInterval);
  return {
    show(waitingFor: string) {
      what = waitingFor;
      if (stderr.isTTY) draw();
    },
    write(line: string) {
      if (stderr.isTTY) statusLine.clear();
      stderr.write(line);
      if (stderr.isTTY) draw();
    },
    end() {
      clearInterval(timer);
      if (stderr.isTTY) statusLine.clear();
    }
  };
}

const readBytes = promisify(read);

/** A file, or a pipe that stands for one; or what standard input is. */
async function* readFrom(file: string): AsyncGenerator<Uint8Array> {
  const isInput = file === '-';
  // One for all reads: V8 lets up to 40 MB of them pile up.
  const buffer = Buffer.allocUnsafeSlow(65536);
  let descriptor: number | undefined;
  try {
    descriptor = isInput ? 0 : openSync(file, 'r');
    if (fstatSync(descriptor).isDirectory()) throw new Error('it is a directory');
    for (;;) {
      const { bytesRead } = await readBytes(descriptor, buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw mistake(`${subjectOf(file)} cannot be read: ${(error as Error).message}`);
  } finally {
    if (descriptor !== undefined && !isInput) closeSync(descriptor);
  }
}

/** The same of a pipe that may be silent for long: no thread waits for it. */
async function* readFromPipe(fd: number): AsyncGenerator<Uint8Array> {
  let wake = () => {};
  let bytes: Uint8Array | undefined;
  let isOver = false;
  const unreadable = ({ message }: Error) => mistake(`standard input cannot be read: ${message}`);
  let pipe: Socket;
  try {
    pipe = new Socket({
      fd,
      writable: false,
      onread: {
        buffer: Buffer.allocUnsafeSlow(65536),
        callback(length, buffer) {
          bytes = buffer.subarray(0, length);
          wake();
          return false;
        }
      }
    });
  } catch (error) {
    // A socket of datagrams.
    throw unreadable(error as Error);
  }
  let failure: Error | undefined;
  const end = () => {
    isOver = true;
    wake();
  };
  pipe
    .on('error', (error) => (failure = error))
    .on('end', end)
    .on('close', end);
  try {
    for (;;) {
      if (!bytes && !isOver) await new Promise<void>((resolve) => (wake = resolve));
      if (failure) throw unreadable(failure);
      if (!bytes) return;
      const read = bytes;
      bytes = undefined;
      yield read;
      pipe.resume();
    }
  } finally {
    pipe.destroy();
  }
}

function standardInput(): AsyncIterable<Uint8Array> {
  const kind = fstatSync(0);
  if (kind.isFIFO() || kind.isSocket()) return readFromPipe(0);
  return isatty(0) ? process.stdin : readFrom('-');
}

function subjectOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}

async function runLint(file: string, options: JudgeOptions): Promise<void> {
  keepHeapSmall();
  const judgement = judgementOf(options);
  const subject = subjectOf(file);
  const bytes = file === '-' ? standardInput() : readFrom(file);
  const body = bodyOf(bytes, (reason) => mistake(`${subject} is ${reason}`));
  const result = await lint(body, { ...judgement.lintOptions, subject });
  conclude(result, judgement);
}

async function runTail(target: string, options: RequestOptions & { json?: boolean }): Promise<void> {
  keepHeapSmall();
  const url = urlOf(target);
  const request = requestOf(options);
  const stop = new AbortController();
  process.once('SIGINT', () => {
    process.exitCode = 130;
    stop.abort();
  });
  // Who read it has gone.
  process.stdout.on('error', () => stop.abort());
  const { failure } = await tail(url, {
    ...request,
    signal: stop.signal,
    json: options.json ?? false,
    colour: pc.isColorSupported && process.stdout.isTTY,
    write: (text) => void process.stdout.write(text)
  });
  if (failure && process.exitCode !== 130) {
    process.stderr.write(`truesource: ${printable(failure.message)}\n`);
    process.exitCode = 3;
  }
}

const collect = (value: string, previous: string[] = []): string[] => [
  ...previous,
  ...value.split(',').filter(Boolean)
];
const collectWhole = (value: string, previous: string[] = []): string[] => [...previous, value];

/** Adds `validate`, `lint` and `tail` to the program. */
export function addValidatorCommands(program: Command): void {
  const withRequest = (command: Command) =>
    command
      .option('--header <header>', 'sent with each request, as "Name: value", repeatable', collectWhole)
      .option('--method <method>', 'in place of GET, or POST if there is --data')
      .option('--data <text>', 'body of the request');
  const withJudgement = (command: Command) =>
    command
      .option('--profile <name>', `dialect of the API: ${profiles.join(', ')}`, 'plain')
      .option('--expect-types <types>', 'event types that the page listens to, separated by commas', collect)
      .option('--fail-on <severity>', `exit 1 from this severity on: ${severities.join(', ')}`, 'error')
      .option('--ignore <rules>', 'leave these rules out, separated by commas', collect)
      .option('--baseline <file>', 'accept the findings of this earlier report (its JSON)')
      .option('--require-observed <rules>', 'exit 4 if one of these rules was not observed', collect)
      .option(
        '--format <format>',
        `of the report on standard output: ${Object.keys(formats).join(', ')}`,
        'text'
      )
      .addHelpText('after', exitCodes);
  withJudgement(
    withRequest(
      program
        .command('validate')
        .description('ask an event-stream server a handful of times, and say what clients will lose, and why')
        .argument('[url]', 'http or https')
    )
      .option('--origin <origin>', 'pages of this origin are meant to read the stream')
      .option('--duration <seconds>', 'how long the stream is watched', String(defaultDuration / 1000))
      .option('--max-bytes <number>', 'most bytes read of one body', String(defaultMaxBytes))
      .option(
        '--probes <names>',
        `only these requests after the plain one, or none: ${choosable.join(', ')} (default: all but parallel)`,
        collect
      )
      .option(
        '--inject <argument>',
        'send values with line ends in this argument of the URL; only to servers of your own'
      )
      .option('--list-rules', 'list the rules, and which of them are not decided and why')
  ).action((url: string | undefined, options: ValidateCommandOptions) => runValidate(url, options));
  withJudgement(
    program
      .command('lint')
      .description('hold the rules of the format against captured bytes')
      .argument('<file>', 'the body of a response as it came, or - for standard input')
  ).action((file: string, options: JudgeOptions) => runLint(file, options));
  withRequest(
    program
      .command('tail')
      .description('show a live stream, and what the standard makes of each line')
      .argument('<url>', 'http or https')
      .option('--json', 'one JSON object per line')
  ).action((url: string, options: RequestOptions & { json?: boolean }) => runTail(url, options));
}
