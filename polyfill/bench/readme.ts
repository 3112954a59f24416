import { readFile } from 'node:fs/promises';
import { writeBetweenMarks } from '../../conformance/write-between-marks.ts';
import type { BenchResult } from './main.ts';

const result = JSON.parse(
  await readFile(new URL('result.json', import.meta.url), 'utf8')
) as Required<BenchResult>;
const { parser, endToEnd, fixturesServer } = result;
const two = (figure: number) => figure.toFixed(2);
const table = (head: string[], rows: string[][]) =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

const sizes = [...new Set(parser.corpora.map(({ chunk }) => chunk))].sort((a, b) => a - b);
const parserTable = table(
  ['Times eventsource-parser, in chunks of', ...sizes.map((size) => `${size} B`)],
  [...new Set(parser.corpora.map(({ corpus }) => corpus))].map((corpus) => [
    corpus,
    ...sizes.map((size) => {
      const ratio = parser.corpora.find((row) => row.corpus === corpus && row.chunk === size)?.ratio;
      return ratio ? `${two(ratio.median)} (${two(ratio.low)}–${two(ratio.high)})` : '';
    })
  ])
);
const growth = parser.growth
  .filter(({ growth, parser }) => growth === 'one line in chunks of 16 B' && parser === 'truesource')
  .map(
    ({ ratio }) =>
      `A line of 64 MB in chunks of 16 B takes ${two(ratio.median)} times as long as one of 8 MB.`
  );
const engineTable = table(
  ['Engine', 'EventSource', 'CPU', 'wall', 'delay p50, p99', 'first event', 'one of 1,000 open'],
  endToEnd.engines.map(({ engine, version, implementation, cpu, wall, delay, first, open }) => [
    `${engine} ${version}`,
    implementation,
    `${two(cpu.median)} (${two(cpu.low)}–${two(cpu.high)})`,
    `${two(wall.median)} (${two(wall.low)}–${two(wall.high)})`,
    delay ? `${two(delay.p50)}, ${two(delay.p99)}` : '',
    first === undefined ? '' : two(first),
    open ? `${two(open.cpu)} ms, ${open.kilobytes.toFixed(0)} KB` : ''
  ])
);
const memory = endToEnd.memory.map(
  ({ what, before, after }) => `- Resident after ${what}: ${after.toFixed(0)} MB, ${before.toFixed(0)} MB.`
);
const { streams, kilobytes, late } = fixturesServer;
const text = `On ${result.machine}, Node ${result.node}, ${result.date}; medians, with the middle three fifths.

From bytes to events, beside eventsource-parser in the same run (geometric mean ${two(parser.geometricMean)}):

${parserTable}

${growth.join('\n')}

From a server on loopback to a listener: µs an event, ms of delay at 1,000 events a second and to the first event, and the CPU and memory of an
open source.

${engineTable}

${memory.join('\n')}
- The fixtures server with ${streams} streams: ${kilobytes.toFixed(0)} KB each; pauses ${two(late.p50)} ms (p50) and ${two(late.p99)} ms (p99) too long.
`;
await writeBetweenMarks(new URL('../../README.md', import.meta.url), { speed: text });
