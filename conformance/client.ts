import { runLanes } from './lanes.ts';
import type { Job } from './observation.ts';
import { getOrigin, loadImplementation, post, session } from './page.ts';

loadImplementation(function (EventSource) {
  runLanes(EventSource, session.lanes, function (result, callback) {
    post('next', { origin: getOrigin(), id: result.id, observation: result.observation }, function (answer) {
      callback(answer as Job);
    });
  });
});
