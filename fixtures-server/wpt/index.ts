import type { Route } from '../routes/route.ts';
import { corsCookie } from './cors-cookie.ts';
import { cors } from './cors.ts';
import { createCorsUnsafeLastEventId } from './cors-unsafe-last-event-id.ts';
import { accept, cacheControl } from './event-stream-files.ts';
import type { Handler } from './handler.ts';
import { lastEventId } from './last-event-id.ts';
import { lastEventId2 } from './last-event-id2.ts';
import { message } from './message.ts';
import { message2 } from './message2.ts';
import { reconnectFail } from './reconnect-fail.ts';
import { redirect } from './redirect.ts';
import { statusError } from './status-error.ts';
import { statusReconnect } from './status-reconnect.ts';

/** What the upstream server answers with code, by path. */
export function createWptHandlers(): Record<string, Handler> {
  const resources = {
    'accept.event_stream': accept,
    'cache-control.event_stream': cacheControl,
    'cors-cookie.py': corsCookie,
    'cors-unsafe-last-event-id.py': createCorsUnsafeLastEventId(),
    'cors.py': cors,
    'last-event-id.py': lastEventId,
    'last-event-id2.py': lastEventId2,
    'message.py': message,
    'message2.py': message2,
    'reconnect-fail.py': reconnectFail,
    'status-error.py': statusError,
    'status-reconnect.py': statusReconnect
  };
  const entries = Object.entries(resources).map(([name, handler]) => [
    `/eventsource/resources/${name}`,
    handler
  ]);
  return { ...(Object.fromEntries(entries) as Record<string, Handler>), '/common/redirect.py': redirect };
}

/** One route per handler; no request goes further than its body's end. */
export function createWptRoutes(): Route[] {
  return Object.entries(createWptHandlers()).map(([path, handler]) => ({
    method: '*',
    path,
    exact: true,
    handle(request, response, url) {
      request.resume();
      handler(request, response, url);
    }
  }));
}
