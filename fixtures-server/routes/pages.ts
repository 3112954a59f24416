import { examplePage } from '../pages/example.ts';
import { playsPage } from '../pages/plays.ts';
import { suitePage } from '../pages/suite.ts';
import type { Play } from '../stream-script.ts';
import type { Route } from './route.ts';

/** `GET /`, `GET /plays/` and `GET /example/`. */
export function pagesRoutes(plays: Map<string, Play>, hasSuite: boolean): Route[] {
  const page = (path: string, text: () => string): Route => ({
    method: 'GET',
    path,
    exact: true,
    handle(_request, response) {
      response
        .writeHead(200, {
          'Content-Type': 'text/html; charset=utf-8',
          'Cache-Control': 'no-store',
          'Origin-Agent-Cluster': '?1'
        })
        .end(text());
    }
  });
  return [
    page('/', () => (hasSuite ? suitePage : playsPage([...plays.keys()]))),
    page('/plays/', () => playsPage([...plays.keys()])),
    page('/example/', () => examplePage),
    {
      method: 'GET',
      path: '/example',
      exact: true,
      handle(_request, response, url) {
        response.writeHead(302, { Location: '/example/' + url.search }).end();
      }
    }
  ];
}
