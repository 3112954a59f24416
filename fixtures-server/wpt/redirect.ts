import type { Handler } from './handler.ts';

/** To `?location=` with `?status=`, by default 302; allows any origin if there is `?enable-cors`. */
export const redirect: Handler = (request, response, { searchParams }) => {
  response.statusCode = Number(searchParams.get('status') ?? '') || 302;
  response.setHeader('Location', searchParams.get('location') ?? '');
  if (searchParams.has('enable-cors') && request.headers.origin) {
    response.setHeader('Content-Type', 'text/plain');
    response.setHeader('Access-Control-Allow-Origin', request.headers.origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
  }
  response.end();
};
