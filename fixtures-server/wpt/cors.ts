import { cacheControl } from './event-stream-files.ts';
import type { Handler } from './handler.ts';
import { message } from './message.ts';
import { redirect } from './redirect.ts';
import { statusReconnect } from './status-reconnect.ts';

const runs: Record<string, Handler> = {
  message,
  redirect,
  'status-reconnect': statusReconnect,
  'cache-control': cacheControl
};

/** Answers as the handler `?run=`, and allows the origin `?origin=`, by default the request's, with credentials. */
export const cors: Handler = (request, response, url) => {
  const { searchParams } = url;
  response.setHeader(
    'Access-Control-Allow-Origin',
    searchParams.get('origin') ?? request.headers.origin ?? ''
  );
  response.setHeader('Access-Control-Allow-Credentials', searchParams.get('credentials') ?? 'true');
  const run = runs[searchParams.get('run') ?? ''];
  if (run) run(request, response, url);
  else response.end();
};
