import { getCookie, setCookie } from './cookies.ts';
import type { Handler } from './handler.ts';

/** In turn, told apart by a cookie: `?status=`, with an event if there is `?ok_first`; then 200 and the event that was waited for. */
export const statusReconnect: Handler = (request, response, { searchParams }) => {
  const status = searchParams.get('status') ?? '204';
  const cookie = `request${searchParams.get('id') ?? status}`;
  response.setHeader('Content-Type', 'text/event-stream');
  if (getCookie(request, cookie) === status) {
    setCookie(response, cookie);
    return void response.end('data: data\n\n');
  }
  setCookie(response, cookie, status);
  response.statusCode = Number(status);
  response.end(`retry: 2\n${searchParams.has('ok_first') ? 'data: ok\n\n' : ''}`);
};
