import type { Feature } from '../case.ts';
import type { Engine } from '../engine.ts';
import type { Observation } from '../observation.ts';
import { probe } from '../probe.ts';

/** The engine that is this process, with a constructor that it has; the environment has what `features` says. */
export function createInProcessEngine(EventSource: unknown, features: Feature[]): Engine {
  return {
    name: 'this process',
    implementations: ['EventSource'],
    features: () => features,
    // The server shares the event loop.
    lanes: 16,
    find: () => Promise.resolve({ version: process.version }),
    open({ origins, lanes, take, handIn }) {
      let isStopped = false;
      const work = async (): Promise<void> => {
        for (;;) {
          const job = isStopped ? null : take(origins[0]!);
          if (!job) return;
          handIn(job.id, await new Promise<Observation>((resolve) => probe(EventSource, job, resolve)));
        }
      };
      const all = Promise.all(Array.from({ length: lanes }, work));
      return {
        ended: new Promise((resolve) => all.catch((error: unknown) => resolve(String(error)))),
        async stop() {
          isStopped = true;
          // What is under way ends by its own limit: only a case knows all the sources that it made.
          await all.catch(() => {});
        }
      };
    }
  };
}
