import { measure } from 'mitata';
import { corpora, cut, oneLine } from './corpora.ts';
import { assertSameEvents, type CreateReader, type ParserName, parsers } from './parsers.ts';

/** What one process measures: two programs in turn. No other input has shaped what its compiler made of the parsers. */
export type ParserJob = { rounds: number; /** At least, a program and round. */ milliseconds: number } & (
  | { corpus: string; chunk: number; bytes: number }
  | { growth: Growth; parser: ParserName; /** Of the larger input. */ bytes: number }
);

/** ns, of one round: of truesource and eventsource-parser, or of the larger input and one an eighth as large. */
export type Pair = [number, number];

export type Growth = 'one line in chunks of 16 B' | 'one line in one chunk' | 'token JSON in one chunk';

const growths: Record<Growth, (bytes: number) => () => Iterable<Uint8Array>> = {
  'one line in chunks of 16 B': (bytes) => () => oneLine(bytes),
  'one line in one chunk': (bytes) => inOneChunk(Buffer.concat([...oneLine(bytes)])),
  'token JSON in one chunk': (bytes) => inOneChunk(corpora['token JSON']!(bytes))
};

function inOneChunk(chunk: Uint8Array) {
  return () => [chunk];
}

let sum = 0;
/** Looks into the data, so that nobody hands over a string that is still to be put together. */
const take: Parameters<CreateReader>[0] = ({ data }) => {
  sum = (sum + data.charCodeAt(data.length >> 1)) | 0;
};

function reading(parser: ParserName, chunks: () => Iterable<Uint8Array>): () => void {
  return () => {
    const read = parsers[parser](take);
    for (const chunk of chunks()) read(chunk);
  };
}

function programsOf(job: ParserJob): [() => void, () => void] {
  if ('growth' in job) {
    const chunks = growths[job.growth];
    const large = chunks(job.bytes);
    assertSameEvents(large());
    return [reading(job.parser, large), reading(job.parser, chunks(job.bytes / 8))];
  }
  const chunks = cut(corpora[job.corpus]!(job.bytes), job.chunk);
  assertSameEvents(chunks);
  return [reading('truesource', () => chunks), reading('eventsource-parser', () => chunks)];
}

const job = JSON.parse(process.argv[2]!) as ParserJob;
const programs = programsOf(job);
const options = { gc: false, min_samples: 1, min_cpu_time: job.milliseconds * 1e6 } as const;
const pairs: Pair[] = [];
for (let round = -1; round < job.rounds; round++) {
  const pair: Pair = [0, 0];
  // Neither is always the one that finds the caches warm.
  for (const which of round % 2 ? ([0, 1] as const) : ([1, 0] as const)) {
    pair[which] = (await measure(programs[which], { ...options })).p50;
  }
  // The round before the first is for the compiler.
  if (round >= 0) pairs.push(pair);
}
process.send!(pairs);
