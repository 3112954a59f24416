import { fileURLToPath } from 'node:url';
import { writes } from '../fixtures-server/stream-script.ts';
import { cut } from './chunkings.ts';
import { loadCases, type SectionedCase } from './load-cases.ts';
import type { Cell, Column, Report, Run } from './report.ts';
import { sampleEvent } from './reports/sample-report.ts';

/**
 * A report as large as that of every engine, of tests only: all cases, each with the bytes that the server writes, and of each column and
 * run the ports, names and times that a real one has, which compress as badly. The same each time.
 */
export function fullReport(columnCount: number): Report {
  const random = createRandom();
  const cases = loadCases(fileURLToPath(new URL('cases', import.meta.url)));
  const columns = Array.from({ length: columnCount }, (_, i): Column => ({
    engine: `engine-${Math.floor(i / 2)}`,
    implementation: i % 2 ? 'truesource-fetch' : 'native',
    version: `${100 + i}.0.1`,
    status: 'ran',
    duration: random() * 60_000
  }));
  const start = Date.UTC(2026, 9, 20, 9, 30);
  return {
    schema: 1,
    truesource: '0.1.0',
    standard: '0123456789abcdef0123456789abcdef01234567',
    startedAt: new Date(start).toISOString(),
    duration: 612_345.6,
    host: 'Debian GNU/Linux 12, x64, 2 cores',
    columns,
    cases,
    cells: columns.flatMap(({ engine, implementation }, c) =>
      cases.map((each, i): Cell => {
        const [first, ...others] = cut(each.section, each).map(({ chunking }): Run => {
          const isFailed = random() < 0.02;
          return {
            chunking,
            verdict: isFailed ? 'fail' : 'pass',
            differences: isFailed ? [{ what: 'events[1].data', expected: '"a"', observed: `"${i}"` }] : []
          };
        });
        const token = `column-${c}-1-${i}`;
        return {
          case: each.id,
          engine,
          implementation,
          verdict: first!.verdict,
          unexpected: false,
          runs: [{ ...first!, ...exchange(each, token, start + random() * 600_000, c, random) }, ...others]
        };
      })
    ),
    stale: []
  };
}

function exchange(
  { id, connections, expect }: SectionedCase,
  token: string,
  start: number,
  column: number,
  random: () => number
): Pick<Run, 'observation' | 'requests'> {
  let now = start;
  const pass = (milliseconds: number) => (now += random() * milliseconds);
  const origin = `http://127.0.0.1:${40_000 + column}`;
  const target = `/sse/${token}/${id}`;
  const requests = connections.map(({ status = 200, headers, stream = [] }, connection) => ({
    token,
    play: id,
    method: 'GET',
    target,
    httpVersion: '1.1',
    headers: Object.entries({
      Host: origin.slice(7),
      Accept: 'text/event-stream',
      'User-Agent': `Mozilla/5.0 (X11; Linux x86_64) Engine/${column}`,
      'Accept-Language': 'en-US,en;q=0.9',
      Referer: `${origin}/run/column-${column}/frame`,
      'Cache-Control': 'no-cache'
    }),
    origin,
    at: pass(30),
    connection,
    writes: [
      Buffer.from(
        `HTTP/1.1 ${status} OK\r\n${JSON.stringify(headers)}\r\nTransfer-Encoding: chunked\r\n\r\n`
      ),
      ...writes(stream).filter((item) => Buffer.isBuffer(item))
    ].map((bytes) => ({
      at: pass(10),
      bytes: bytes.toString('latin1', 0, 65_536),
      length: bytes.length
    })),
    endedAt: pass(3),
    closedAt: pass(50)
  }));
  const events = (expect.events ?? []).map(({ type, ...members }) =>
    sampleEvent(type, random() * 100, { ...(type === 'message' && { lastEventId: '', origin }), ...members })
  );
  const url = origin + target;
  return {
    requests,
    observation: { url, withCredentials: false, events, log: [], over: 'until', at: random() * 4000 }
  };
}

/** Numbers from 0 up to 1. */
function createRandom(): () => number {
  let state = 1;
  return () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
}
