import { getCookie, setCookie } from './cookies.ts';
import type { Handler } from './handler.ts';

/** In turn, told apart by a cookie named by `?id=`: an event, another one, then 204, which ends it. */
export const reconnectFail: Handler = (request, response, { searchParams }) => {
  const cookie = `recon_fail_${searchParams.get('id')}`;
  const state = getCookie(request, cookie);
  response.setHeader('Content-Type', 'text/event-stream');
  if (state === 'opened') {
    setCookie(response, cookie, 'reconnected');
    response.end('data: reconnected\n\n');
  } else if (state === 'reconnected') {
    setCookie(response, cookie);
    response.statusCode = 204;
    response.end();
  } else {
    setCookie(response, cookie, 'opened');
    response.end('retry: 2\ndata: opened\n\n');
  }
};
