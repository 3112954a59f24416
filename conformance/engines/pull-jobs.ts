import type { RunningEngine, Task } from '../engine.ts';
import type { Job } from '../observation.ts';

/**
 * Takes a task's jobs, as many at a time as it has lanes, until none is left or it is stopped; then what is under way ends by itself. `done`
 * fulfils after the last. A lane whose job answers false takes no other.
 */
export function pullJobs(
  { origins, lanes, take }: Pick<Task, 'origins' | 'lanes' | 'take'>,
  runJob: (job: Job) => Promise<unknown>
): Pick<RunningEngine, 'ended' | 'stop'> & { done: Promise<void> } {
  let isStopped = false;
  const work = async (): Promise<void> => {
    while (!isStopped) {
      const job = take(origins[0]!);
      if (!job) return;
      if ((await runJob(job)) === false) return;
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, work));
  const done = all.then(
    () => {},
    () => {}
  );
  return {
    done,
    ended: new Promise((resolve) => all.catch((error: unknown) => resolve(String(error)))),
    async stop() {
      isStopped = true;
      await done;
    }
  };
}
