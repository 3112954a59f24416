import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { corpora } from './corpora.ts';
import type { Growth, Pair, ParserJob } from './parser-job.ts';
import { type ParserName, parsers } from './parsers.ts';
import { geometricMean, show, spread, type Spread } from './statistics.ts';

export interface ParserResult {
  corpora: CorpusResult[];
  /** Of the medians. */
  geometricMean: number;
  growth: GrowthResult[];
}

export interface CorpusResult {
  corpus: string;
  /** Bytes. */
  chunk: number;
  /** Time of eventsource-parser divided by that of truesource, of the same round. */
  ratio: Spread;
  /** MB/s, medians. */
  speed: Record<ParserName, number>;
}

export interface GrowthResult {
  growth: Growth;
  parser: ParserName;
  /** Of the larger input. */
  bytes: number;
  /** ms, of the larger input. */
  time: number;
  /** Its time divided by that of one an eighth as large, of the same round. */
  ratio: Spread;
}

const chunkSizes = [16, 200, 1400, 16384, 65536];

/** From bytes to events, beside eventsource-parser. `isShort`: only shows that it runs. */
export async function benchParsers(isShort: boolean, report: (line: string) => void): Promise<ParserResult> {
  const result: ParserResult = { corpora: [], geometricMean: 0, growth: [] };
  const cells = Object.keys(corpora).flatMap((corpus) => chunkSizes.map((chunk) => ({ corpus, chunk })));
  cells.splice(chunkSizes.length, 0, { corpus: 'token JSON', chunk: 1 });
  for (const cell of isShort ? cells.filter(({ chunk }) => chunk === 1400) : cells) {
    const bytes = isShort ? 10_000 : cell.chunk < 1000 ? 100_000 : 1_000_000;
    const pairs = await run({
      ...cell,
      bytes,
      rounds: isShort ? 1 : 41,
      milliseconds: isShort ? 1 : 4
    });
    const speed = (which: 0 | 1) => (bytes * 1e3) / spread(pairs.map((pair) => pair[which])).median;
    const row = {
      ...cell,
      ratio: spread(pairs.map(([ours, theirs]) => theirs / ours)),
      speed: { truesource: speed(0), 'eventsource-parser': speed(1) }
    };
    result.corpora.push(row);
    report(
      `${row.corpus.padEnd(26)} ${String(row.chunk).padStart(6)} B ${show(row.ratio)}` +
        Object.values(row.speed)
          .map((megabytes) => megabytes.toFixed(0).padStart(8))
          .join('') +
        ' MB/s'
    );
  }
  result.geometricMean = geometricMean(result.corpora.map(({ ratio }) => ratio.median));
  report(`geometric mean ${result.geometricMean.toFixed(2)}`);
  for (const [growth, bytes] of [
    ['one line in chunks of 16 B', 64 << 20],
    ['one line in one chunk', 64 << 20],
    ['token JSON in one chunk', 20_000 * 200]
  ] as const) {
    for (const parser of Object.keys(parsers) as ParserName[]) {
      const job = { growth, parser, bytes: isShort ? bytes / 64 : bytes };
      const pairs = await run({ ...job, rounds: isShort ? 1 : 5, milliseconds: isShort ? 1 : 100 });
      const time = spread(pairs.map(([large]) => large / 1e6)).median;
      const row = { ...job, time, ratio: spread(pairs.map(([large, small]) => large / small)) };
      result.growth.push(row);
      report(`${growth.padEnd(26)} ${parser.padEnd(18)} 8 times the size: ${show(row.ratio)} times the time`);
    }
  }
  return result;
}

function run(job: ParserJob): Promise<Pair[]> {
  return new Promise((resolve, reject) => {
    const file = fileURLToPath(new URL('parser-job.ts', import.meta.url));
    const child = fork(file, [JSON.stringify(job)], { execArgv: ['--no-warnings', '--expose-gc'] });
    child.once('message', (pairs) => resolve(pairs as Pair[]));
    child.once('exit', (code) => reject(new Error(`${JSON.stringify(job)} ended with exit code ${code}`)));
  });
}
