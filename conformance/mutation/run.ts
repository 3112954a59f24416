import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';
import { format, resolveConfig } from 'prettier';
import {
  findFaults,
  mutated,
  renderResult,
  shorten,
  type Mutant,
  type MutationResult,
  type Reason
} from './result.ts';

// Mutates the core of the polyfill, runs the cases on each mutant, and writes result.md. Exit code 1: see findFaults.
const directory = new URL('./', import.meta.url);

const reasons = JSON.parse(readFileSync(new URL('reasons.json', directory), 'utf8')) as Reason[];

const mutants = await new Stryker({
  testRunner: 'cases',
  plugins: [fileURLToPath(new URL('test-runner.ts', directory))],
  mutate: mutated,
  // Nothing of it is tested here.
  ignorePatterns: ['/dist'],
  coverageAnalysis: 'perTest',
  concurrency: Number(process.argv[2] ?? 2),
  // A mutant whose cases take longer never ends. All of them without a mutant take a third of what it took to find out what they cover.
  timeoutMS: 5000,
  timeoutFactor: 1.5,
  reporters: ['progress-append-only'],
  thresholds: { high: 100, low: 90, break: null }
}).runMutationTest();

const result: MutationResult = {
  stryker: (createRequire(import.meta.url)('@stryker-mutator/core/package.json') as { version: string })
    .version,
  cases: new Set(mutants.flatMap(({ coveredBy }) => coveredBy ?? []).map((id) => id.split(' ').at(-1))).size,
  files: [],
  survivors: []
};
for (const path of mutated) {
  const source = readFileSync(path, 'utf8');
  const own = mutants.filter(({ fileName }) => fileName.endsWith(path));
  const withStatus = (...statuses: string[]) => own.filter(({ status }) => statuses.includes(status));
  const survivors = withStatus('Survived', 'NoCoverage');
  const killed = withStatus('Killed').length;
  const timedOut = withStatus('Timeout').length;
  if (killed + timedOut + survivors.length !== own.length)
    throw new Error(`${path}: mutants without a verdict`);
  result.files.push({
    path,
    sha256: createHash('sha256').update(source).digest('hex').slice(0, 12),
    killed,
    timedOut,
    survived: survivors.length
  });
  result.survivors.push(
    ...survivors.map(({ location, replacement }) => describe(path, source, location, replacement!))
  );
}

await write('result.md', renderResult(result, reasons));
for (const fault of findFaults(result, reasons)) {
  process.stderr.write(`${fault}\n`);
  process.exitCode = 1;
}

function describe(
  path: string,
  source: string,
  { start, end }: { start: Position; end: Position },
  replacement: string
): Mutant {
  const lines = source.split('\n');
  const offset = ({ line, column }: Position) =>
    lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, column - 1);
  return {
    path,
    line: shorten(lines[start.line - 1]!),
    from: shorten(source.slice(offset(start), offset(end))),
    to: shorten(replacement)
  };
}

/** Both from 1 on. */
interface Position {
  line: number;
  column: number;
}

async function write(name: string, text: string): Promise<void> {
  const file = new URL(name, directory);
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: name }));
}
