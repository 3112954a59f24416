import type { Handler } from './handler.ts';

/** One event whose data is a header of the request; 500 without it. */
const showHeader =
  (name: string): Handler =>
  (request, response) => {
    const value = request.headers[name];
    response.statusCode = value === undefined ? 500 : 200;
    response.setHeader('Content-Type', 'text/event-stream');
    response.end(`data: ${String(value)}\n\n`);
  };

export const accept = showHeader('accept');
export const cacheControl = showHeader('cache-control');
