import type { Handler } from './handler.ts';

/** Ids by `?fixture=`: one that is safe in a request to another origin; one with an unsafe byte; one of more than 128 bytes. */
const ids: Record<string, string> = { safe: 'safe-1', unsafe: 'unsafe<2', long: 'l'.repeat(200) };

/**
 * An event with an id; then `success` if that came back, after a preflight that named Last-Event-ID alone for an unsafe id and
 * without one for a safe id, or `failure` with the reason. `?token=` ties the requests of one source together.
 */
export function createCorsUnsafeLastEventId(): Handler {
  /** What preflights named, by token. */
  const preflights = new Map<string, string>();
  return (request, response, { searchParams }) => {
    const { origin } = request.headers;
    const named = request.headers['access-control-request-headers'];
    if (origin !== undefined) response.setHeader('Access-Control-Allow-Origin', origin);
    if (named !== undefined) response.setHeader('Access-Control-Allow-Headers', named);
    const fixture = searchParams.get('fixture') ?? '';
    const token = searchParams.get('token');
    const id = ids[fixture];
    // The first request has no id, and so nothing to ask about.
    if (token === null || id === undefined || (request.method === 'OPTIONS' && !named)) {
      response.statusCode = 400;
      return void response.end();
    }
    if (request.method === 'OPTIONS') {
      preflights.set(token, named!.toLowerCase());
      return void response.end();
    }
    response.setHeader('Content-Type', 'text/event-stream');
    response.setHeader('Cache-Control', 'no-store');
    const sent = request.headers['last-event-id'];
    if (!sent) return void response.end(`id: ${id}\nretry: 200\ndata: ${fixture}\n\n`);
    const wanted = fixture === 'safe' ? undefined : 'last-event-id';
    const preflight = preflights.get(token);
    preflights.delete(token);
    if (preflight !== wanted) {
      response.end(`event: failure\ndata: preflight for ${preflight}, expected for ${wanted}\n\n`);
    } else if (sent !== id) response.end(`event: failure\ndata: Last-Event-ID ${String(sent)}\n\n`);
    else response.end('event: success\ndata: as expected\n\n');
  };
}
