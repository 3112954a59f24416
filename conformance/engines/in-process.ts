import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Feature } from '../case.ts';
import type { Engine } from '../engine.ts';
import type { Observation } from '../observation.ts';
import { probe } from '../probe.ts';
import { pullJobs } from './pull-jobs.ts';

/**
 * The engine that is this process, with a constructor that it has; the environment has what `features` says. `current` holds the play whose
 * client it is that something comes from.
 */
export function createInProcessEngine(
  EventSource: unknown,
  features: Feature[],
  current?: AsyncLocalStorage<string>
): Engine {
  return {
    name: 'this process',
    implementations: ['EventSource'],
    features: () => features,
    // The server shares the event loop.
    lanes: 16,
    find: () => Promise.resolve({ version: process.version }),
    open(task) {
      // What is under way ends by its own limit: only a case knows all the sources that it made.
      return pullJobs(task, async (job) => {
        const observe = () => new Promise<Observation>((resolve) => probe(EventSource, job, resolve));
        task.handIn(job.id, await (current ? current.run(job.id, observe) : observe()));
      });
    }
  };
}
