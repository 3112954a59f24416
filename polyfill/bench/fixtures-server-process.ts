import { createFixturesServer } from '../../fixtures-server/server.ts';
import { quantile } from './statistics.ts';

/** `pause`: ms before each of the writes of a stream. */
export interface FixturesServerJob {
  streams: number;
  writes: number;
  pause: number;
}

export interface FixturesServerState {
  origin: string;
  /** Bytes. */
  resident: number;
  /** ms by which pauses were too long. */
  late: { p50: number; p99: number; max: number } | null;
}

const { streams, writes, pause } = JSON.parse(process.argv[2]!) as FixturesServerJob;
const stream = Array.from({ length: writes }, () => [{ pause }, 'data: 1\n\n']).flat();
const server = await createFixturesServer({
  cases: [{ id: 'paced', connections: [{ stream, end: 'hang' }] }],
  limits: { tokens: streams }
});

process.on('message', () => {
  const late: number[] = [];
  for (let index = 0; index < streams; index++) {
    const times = server.requests(`s${index}`)[0]?.writes.map(({ at }) => at) ?? [];
    // The first write is the head, each of the others comes after a pause.
    for (let i = 1; i < times.length; i++) late.push(times[i]! - times[i - 1]! - pause);
  }
  late.sort((a, b) => a - b);
  const state: FixturesServerState = {
    origin: server.origins[0]!,
    resident: process.memoryUsage().rss,
    late: late.length > 0 ? { p50: quantile(late, 0.5), p99: quantile(late, 0.99), max: late.at(-1)! } : null
  };
  process.send!(state);
});
