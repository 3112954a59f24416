import type { Handler } from './handler.ts';

/** An event stream with `?status=`, by default 404. */
export const statusError: Handler = (_request, response, { searchParams }) => {
  const status = Number(searchParams.get('status') ?? 404);
  response.statusCode = status;
  response.statusMessage = 'As asked';
  response.setHeader('Content-Type', 'text/event-stream');
  // RFC 9110 allows neither of them content.
  response.end(status === 204 || status === 205 ? '' : 'data: data\n\n');
};
