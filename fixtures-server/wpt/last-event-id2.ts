import type { Handler } from './handler.ts';

/** By `?type=`: 1, an id that stays; 2 and 3, one that an empty `id` resets, with and without a colon. */
const bodies: Record<string, string> = {
  1: 'id: 1\ndata: 1\n\ndata: 2\n\nid: 2\ndata:3\n\ndata:4\n\n',
  2: 'id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n',
  3: 'id: 1\ndata: 1\n\nid\ndata:2\n\ndata:3\n\n'
};

export const lastEventId2: Handler = (_request, response, { searchParams }) => {
  response.setHeader('Content-Type', 'text/event-stream');
  response.end(bodies[searchParams.get('type') ?? '1'] ?? 'data: no such type\n\n');
};
