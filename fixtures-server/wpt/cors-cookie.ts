import { getCookie, setCookie } from './cookies.ts';
import type { Handler } from './handler.ts';

/**
 * Says in each event whether the cookie `?ident=` came, sets it with the first answer and removes it with the second; from the third on
 * the type is no event stream's. Allows `?origin=` and `?credentials=`, neither if it is `none`.
 */
export const corsCookie: Handler = (request, response, { searchParams }) => {
  const ident = searchParams.get('ident') ?? 'test';
  const origin = searchParams.get('origin') ?? request.headers.origin ?? 'none';
  const credentials = searchParams.get('credentials') ?? 'true';
  if (origin !== 'none') response.setHeader('Access-Control-Allow-Origin', origin);
  if (credentials !== 'none') response.setHeader('Access-Control-Allow-Credentials', credentials);
  const seen = getCookie(request, ident) === undefined ? 'NO_COOKIE' : 'COOKIE';
  const lastEventId = request.headers['last-event-id'] ?? '';
  response.setHeader(
    'Content-Type',
    lastEventId === '' || lastEventId === '1' ? 'text/event-stream' : 'stop'
  );
  if (lastEventId === '') {
    setCookie(response, ident, 'COOKIE');
    response.end(`id: 1\nretry: 200\ndata: first ${seen}\n\n`);
  } else if (lastEventId === '1') {
    setCookie(response, ident);
    response.end(`id: 2\ndata: second ${seen}\n\n`);
  } else response.end(`data: ${String(lastEventId)}${seen}\n\n`);
};
