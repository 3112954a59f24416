import type { Play } from '../../fixtures-server/stream-script.ts';
import { createJob, nameFor, type PlannedRun } from '../attempt.ts';
import type { Observation } from '../observation.ts';
import { probe } from '../probe.ts';
import type { Judgement } from '../report.ts';
import { judge } from '../verdict.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
import { createVirtualServer, type VirtualServer } from './virtual-server.ts';
import { createVirtualXhr } from './virtual-xhr.ts';

/** What an EventSource finds around it. */
export interface Surroundings {
  /** In a worker there are a location, and CORS; in a window also a document. */
  scope: 'worker' | 'window' | null;
  /** Names of globals that are missing. */
  missing: string[];
  /** What Math.random answers. */
  random: number;
  /** The environment says that there is no network, and that there is one again as soon as somebody waits for it, twice. */
  isOffline?: boolean;
}

const origins = ['http://127.0.0.1:8001', 'http://127.0.0.1:8002'];

/**
 * Runs one play of a case in this process, in virtual time and without sockets, and judges what was observed.
 *
 * @param create answers the EventSource; called among the surroundings.
 */
export async function runInVirtualTime(
  create: () => unknown,
  { scope, missing, random, isOffline }: Surroundings,
  planned: PlannedRun,
  play: Play
): Promise<Judgement> {
  const names = nameFor(play.id, origins[0]!, origins, 'in-process');
  const clock = createVirtualClock();
  const server = createVirtualServer(clock, play, {
    path: new URL(names.url).pathname,
    origins,
    page: scope && names.origin
  });
  let observation: Observation | undefined;
  const globals: Record<string, unknown> = {
    ...clock.globals,
    performance: { now: clock.now },
    fetch: server.fetch,
    XMLHttpRequest: createVirtualXhr(server),
    Math: Object.create(Math, { random: { value: () => random } })
  };
  const base = `${names.origin}/sse/page`;
  if (scope) globals.location = { href: base, origin: names.origin };
  if (scope === 'window') globals.document = createDocument(base);
  if (isOffline) Object.assign(globals, createFlakyNetwork(clock, server.fetch));
  const restore = replaceGlobals(globals, missing);
  const listeners = process.listeners('unhandledRejection');
  // As an engine would: a mutant that throws in a promise's callback is told by what then does not happen.
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', () => {});
  try {
    probe(create(), createJob(planned, names), (observed) => (observation = observed));
    await clock.run(() => observation !== undefined);
    const judgement = judge(planned.case, observation, structuredClone(server.requests), names);
    // What is left must not reach into the next run.
    server.stop();
    await clock.run(() => false);
    return judgement;
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener);
    restore();
  }
}

/** What the polyfill asks of the network, which takes one request each time it is there. */
function createFlakyNetwork(clock: VirtualClock, fetch: VirtualServer['fetch']): object {
  const target = new EventTarget();
  let isThere = true;
  target.addEventListener('online', () => (isThere = true));
  return {
    navigator: { onLine: false },
    fetch(url: string, init: RequestInit) {
      if (!isThere) return Promise.reject(new TypeError('offline'));
      isThere = false;
      return fetch(url, init);
    },
    addEventListener(type: string, listener: () => void) {
      target.addEventListener(type, listener);
      for (const milliseconds of [1, 2]) {
        clock.after(milliseconds, () => target.dispatchEvent(new Event('online')));
      }
    },
    removeEventListener: target.removeEventListener.bind(target)
  };
}

/** What the polyfill and the cases need of one. */
function createDocument(baseURI: string): object {
  return {
    baseURI,
    createEvent() {
      const event = new Event('', { cancelable: true });
      const initEvent = (type: string, _bubbles: boolean, cancelable: boolean) => {
        Object.defineProperty(event, 'type', { value: type });
        if (!cancelable) Object.defineProperty(event, 'preventDefault', { value: () => {} });
      };
      return Object.assign(event, { initEvent });
    },
    querySelector() {
      throw Object.assign(new Error('an empty selector'), { name: 'SyntaxError', code: 12 });
    }
  };
}

/** To load the polyfill among, which keeps the setImmediate that it finds then: it is to be that of the clock of each run. */
export const globalsToLoadAmong = {
  setImmediate: (...parameters: Parameters<typeof setImmediate>) => globalThis.setImmediate(...parameters)
};

/** Sets some globals and takes others away. Answers a function that undoes it. */
export function replaceGlobals(globals: Record<string, unknown>, missing: string[]): () => void {
  const before = [...Object.keys(globals), ...missing].map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
  );
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  for (const name of missing) Reflect.deleteProperty(globalThis, name);
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  };
}
