import type { RequestLog } from '../request-log.ts';
import { namePattern } from '../stream-script.ts';
import { Refusal, type Route, segmentsOf } from './route.ts';

/** `GET /requests/<token>[/<play id>]` answers with the request log as JSON, `DELETE /requests/<token>` ends the token. */
export function requestsRoutes(log: RequestLog): Route[] {
  const path = '/requests/';
  const anyOrigin = { 'Access-Control-Allow-Origin': '*' };
  return [
    {
      method: 'GET',
      path,
      handle(_request, response, url) {
        const [, token, play, ...more] = segmentsOf(url);
        checkNames(token, play, more);
        response
          .writeHead(200, { ...anyOrigin, 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
          .end(JSON.stringify(log.requests(token!, play)));
      }
    },
    {
      method: 'DELETE',
      path,
      handle(_request, response, url) {
        const [, token, ...more] = segmentsOf(url);
        checkNames(token, undefined, more);
        log.endToken(token!);
        response.writeHead(204, anyOrigin).end();
      }
    },
    {
      method: 'OPTIONS',
      path,
      handle(_request, response) {
        response.writeHead(204, { ...anyOrigin, 'Access-Control-Allow-Methods': 'GET, DELETE' }).end();
      }
    }
  ];
}

function checkNames(token: string | undefined, play: string | undefined, more: string[]): void {
  if (!namePattern.test(token ?? ''))
    throw new Refusal(400, `bad token; it must match ${namePattern.source}`);
  if (play !== undefined && !namePattern.test(play))
    throw new Refusal(400, `bad play id; it must match ${namePattern.source}`);
  if (more.length)
    throw new Refusal(404, 'nothing here; try /requests/<token> or /requests/<token>/<play id>');
}
