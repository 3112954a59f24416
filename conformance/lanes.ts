import type { Job, Observation } from './observation.ts';
import { probe } from './probe.ts';

/** What a lane hands in before it takes its next job. */
export interface Result {
  id?: string;
  observation?: Observation;
}

/**
 * Runs jobs side by side, as many as there are lanes, until `next` has none left (an object without id). ES5.
 */
export function runLanes(
  EventSource: unknown,
  lanes: number,
  next: (result: Result, callback: (job: Job | { id?: undefined }) => void) => void
): void {
  for (let i = 0; i < lanes; i++) take({});

  function take(result: Result): void {
    next(result, function (job) {
      if (job.id === undefined) return;
      probe(EventSource, job, function (observation) {
        take({ id: job.id, observation: observation });
      });
    });
  }
}
