import type { Handler } from './handler.ts';

/** The bytes of Last-Event-ID as data; without it, an event whose id is `?idvalue=`. */
export const lastEventId: Handler = (request, response, { searchParams }) => {
  response.setHeader('Content-Type', 'text/event-stream');
  const sent = request.headers['last-event-id'];
  if (sent) return void response.end(Buffer.from(`data: ${String(sent)}\n\n`, 'latin1'));
  response.end(`id: ${searchParams.get('idvalue') ?? '\u2026'}\nretry: 200\ndata: hello\n\n`);
};
