import { runLanes } from './lanes.ts';
import type { Job } from './observation.ts';
import { getOrigin, isPageOfAWorker, loadImplementation, post, session, startWorker } from './page.ts';

if (isPageOfAWorker()) startWorker();
else loadImplementation(run);

function run(EventSource: unknown): void {
  runLanes(EventSource, session.lanes, function (result, callback) {
    post('next', { origin: getOrigin(), id: result.id, observation: result.observation }, function (answer) {
      callback(answer as Job);
    });
  });
}
