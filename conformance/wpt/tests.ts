import type { Job } from '../observation.ts';
import { getOrigin, loadImplementation, post, session } from '../page.ts';
import { probe } from '../probe.ts';
import { isPassed, type Judgement } from '../report.ts';

/** The tests of one page: play ids with the titles of their cases. */
declare const truesourceTests: { id: string; title: string }[];

interface Test {
  step(run: () => void): void;
  done(): void;
}
declare function async_test(name: string): Test;
declare function assert_true(actual: boolean, description: string): void;
declare function done(): void;

// Runs in a page with testharness.js: one async_test per play, as many at a time as the session has lanes.
loadImplementation(function (EventSource) {
  let next = 0;
  let open = truesourceTests.length;
  for (let i = 0; i < session.lanes; i++) start();
  if (open === 0) done();

  function start(): void {
    const listed = truesourceTests[next++];
    if (!listed) return;
    run(listed.id, async_test(listed.id + ': ' + listed.title));
  }

  function run(id: string, test: Test): void {
    post('take', { origin: getOrigin(), id: id }, function (answer) {
      const job = answer as Job | { id?: undefined };
      if (job.id === undefined) return finish(test, { verdict: 'not observed', differences: [] });
      probe(EventSource, job, function (observation) {
        post('judge', { id: job.id, observation: observation }, function (judgement) {
          // Null for a run that is to be taken again.
          if (judgement) finish(test, judgement as Judgement);
          else run(id, test);
        });
      });
    });
  }

  function finish(test: Test, judgement: Judgement): void {
    test.step(function () {
      assert_true(
        isPassed(judgement.verdict),
        judgement.verdict + ' ' + JSON.stringify(judgement.differences)
      );
    });
    test.done();
    open--;
    if (open === 0) done();
    else start();
  }
});
