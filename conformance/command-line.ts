import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { distance } from 'fastest-levenshtein';
import picomatch from 'picomatch';
import { engines } from './engines/index.ts';
import { checkExpectedFailures } from './expected-failures.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import { loadCases } from './load-cases.ts';
import type { SectionedCase } from './load-cases.ts';
import type { GlobalKind, Report } from './report.ts';
import { renderHtml } from './reports/html.ts';
import { renderJson } from './reports/json.ts';
import { renderJunit } from './reports/junit.ts';
import { renderMarkdown } from './reports/markdown.ts';
import { renderTerminal } from './reports/terminal.ts';
import { originCount } from './run.ts';
import { createStatusLine } from './status-line.ts';

/** A mistake in the command line: one line, exit code 2. */
export class UsageError extends Error {}
/** What could not be done: one line, exit code 1. */
export class Failure extends Error {}
/** A service or endpoint that could not be used: one line, exit code 3. */
export class EndpointFailure extends Error {}

/** Where the cases and lists are: this folder, or dist. */
export const here = dirname(fileURLToPath(import.meta.url));
export const dist = join(dirname(here), 'dist');

/** How a report is written, by the name of its format. */
export const formats: Record<string, (report: Report) => string> = {
  html: renderHtml,
  json: renderJson,
  junit: renderJunit,
  markdown: renderMarkdown,
  terminal: (report) => renderTerminal(report, { colour: false, width: 120 })
};

/** Kinds of global object, as --global has them. */
export const globals = ['window', 'dedicated-worker', 'shared-worker'];

/** https://fetch.spec.whatwg.org/#port-blocking */
const badPorts = [
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
  526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080
];

/** Interval of progress lines where there is no terminal, ms. */
const plainInterval = 10_000;

/** What follows reads values of options; all throw a UsageError that says what could be meant. */
export function chooseEngines(wanted?: string[]): typeof engines {
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

export function findGlobal(name: string): GlobalKind {
  if (!globals.includes(name)) throw unknown('kind of global object', name, globals);
  return name.replace('-', ' ') as GlobalKind;
}

export function chooseCases(globs?: string[]): SectionedCase[] {
  const cases = loadCases(join(here, 'cases'));
  if (!globs) return cases;
  if (globs.includes('')) throw new UsageError('--case needs a glob');
  const matchers = globs.map((glob) => ({ glob, matches: picomatch(glob) }));
  for (const { glob, matches } of matchers) {
    if (!cases.some(({ id }) => matches(id)))
      throw unknownGlob(
        'case',
        glob,
        cases.map(({ id }) => id),
        'truesource cases lists them'
      );
  }
  return cases.filter(({ id }) => matchers.some(({ matches }) => matches(id)));
}

/** Throws a UsageError where `named`, on the command line, is no list of expected failures of cases that there are. */
export function readExpectedFailures(named?: string): ExpectedFailure[] {
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

export function checkPort(value: string): number {
  const most = 65536 - originCount;
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > most)
    throw new UsageError(`--port must be a number from 0 to ${most}, not ${JSON.stringify(value)}`);
  const bad = port === 0 ? undefined : badPorts.find((one) => one >= port && one < port + originCount);
  if (bad !== undefined)
    throw new UsageError(
      `--port ${port} and the ${originCount - 1} after it cannot be used: browsers ask nothing of port ${bad}`
    );
  return port;
}

export function parseReport(value: string): { format: string; file: string } {
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

export function unknown(kind: string, name: string, valid: string[]): UsageError {
  return new UsageError(`unknown ${kind} ${JSON.stringify(name)}; did you mean ${nearest(name, valid)}?`);
}

/** `where` they are listed is told where none is near: a third of its letters differ. */
export function unknownGlob(kind: string, glob: string, valid: string[], where: string): UsageError {
  const letters = glob.replace(/[^\w./-]/g, '');
  const near = nearest(letters, valid);
  if (letters !== '' && distance(letters, near.slice(0, letters.length)) <= letters.length / 3)
    return unknown(kind, glob, [near]);
  return new UsageError(`no ${kind} matches ${JSON.stringify(glob)}; ${where}`);
}

/** Of those whose beginnings, as long as the name, differ least from it, the one that differs least as a whole. */
export function nearest(name: string, valid: string[]): string {
  const rate = (word: string) =>
    distance(name, word.slice(0, name.length)) + distance(name, word) / (1 + word.length + name.length);
  return valid.reduce((best, word) => (rate(word) < rate(best) ? word : best));
}

export function names(list: { name: string }[]): string {
  return list.map(({ name }) => name).join(', ');
}

/** One line on stderr that is written anew; where there is no terminal, now and then a line. */
export function createLine(): { update(text: string | ((width: number) => string)): void; end(): void } {
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
