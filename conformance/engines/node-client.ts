import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runLanes } from '../lanes.ts';
import type { Job } from '../observation.ts';

const { url, implementation, lanes } = JSON.parse(process.argv[2] ?? '{}') as {
  url: string;
  implementation: string;
  lanes: number;
};
// Taken before an implementation is loaded that might replace it.
const request = globalThis.fetch;

// Cases have listeners that throw.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

async function post(path: string, body: object): Promise<unknown> {
  try {
    const response = await request(url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    });
    return await response.json();
  } catch {
    // The runner has gone.
    process.exit(1);
  }
}

async function loadImplementation(): Promise<unknown> {
  if (implementation === 'native') return globalThis.EventSource;
  if (!isAbsolute(implementation)) {
    const name = 'truesource';
    return ((await import(name)) as { EventSource?: unknown }).EventSource;
  }
  const exported = (await import(pathToFileURL(implementation).href)) as Record<string, unknown>;
  const inner = (exported.default ?? {}) as Record<string, unknown>;
  return exported.EventSource ?? inner.EventSource ?? exported.default ?? globalThis.EventSource;
}

try {
  const EventSource = await loadImplementation();
  if (typeof EventSource !== 'function') throw new TypeError('there is no EventSource');
  runLanes(EventSource, lanes, (result, callback) => {
    void post('next', result).then((job) => callback(job as Job));
  });
} catch (error) {
  await post('broken', { reason: String(error) });
}
