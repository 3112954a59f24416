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
  if (!implementation.startsWith('file:')) {
    const name = 'truesource';
    return ((await import(name)) as { EventSource?: unknown }).EventSource;
  }
  // What installs itself only where nothing is there.
  Reflect.deleteProperty(globalThis, 'EventSource');
  const [file = '', fragment = ''] = implementation.split('#');
  const exported = (await import(file)) as Record<string, unknown>;
  const inner = Object(exported.default) as Record<string, unknown>;
  const globals = globalThis as unknown as Record<string, unknown>;
  const name = decodeURIComponent(fragment);
  if (name !== '') {
    const named = exported[name] ?? inner[name] ?? globals[name];
    if (typeof named === 'function') return named;
    throw new TypeError(`it neither installed nor exported a constructor ${name}`);
  }
  return [exported.EventSource, inner.EventSource, exported.default, globals.EventSource].find(
    (one) => typeof one === 'function'
  );
}

try {
  const EventSource = await loadImplementation();
  if (typeof EventSource !== 'function')
    throw new TypeError('it neither installed nor exported an EventSource');
  runLanes(EventSource, lanes, (result, callback) => {
    void post('next', result).then((job) => callback(job as Job));
  });
} catch (error) {
  await post('broken', { reason: String(error) });
}
