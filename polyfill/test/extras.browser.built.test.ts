import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { createFixturesServer } from '../../fixtures-server/server.ts';
import type { ConnectionScript } from '../../fixtures-server/stream-script.ts';
import { chromium } from '../../conformance/engines/chromium.ts';
import { createToldRoute, openPage, whyMissing } from '../../conformance/open-page.ts';

// A browser does not say where a redirect leads, so that what follows one there is code of its own.

const redirect = (status: number, to: string): ConnectionScript => ({
  status,
  headers: { Location: to, 'Access-Control-Allow-Origin': '*' },
  framing: { contentLength: 0 },
  end: 'close'
});
const message: ConnectionScript = {
  headers: { 'Access-Control-Allow-Origin': '*' },
  stream: ['data: a\n\n']
};
const cases = [
  { id: 'to-itself', connections: [redirect(302, '{url}'), redirect(302, '{url}'), message, message] },
  { id: 'to-another', connections: [redirect(302, '{other-url}'), redirect(302, '{other-url}'), message] },
  { id: 'post', connections: [redirect(307, '{url}'), message] }
];

/** Runs in the page; `EventSource` is the module's. */
const page = `
import { EventSource } from './index.js';
const told = {};
function play(id, init) {
  return new Promise((resolve) => {
    const source = new EventSource('/sse/t/' + id, init);
    source.onmessage = source.onerror = (event) => {
      told[id] = event.data ?? event.cause?.message;
      source.close();
      resolve();
    };
  });
}
const headers = { secret: 'x' };
document.cookie = 'crumb=1';
play('to-itself', { headers })
  .then(() => play('to-another', { headers, withCredentials: true }))
  .then(() => play('post', { method: 'POST', body: 'x' }))
  .then(() => fetch('/told', { method: 'POST', body: JSON.stringify(told) }));
`;

const why = await whyMissing(chromium);

it.skipIf(why)(
  'custom headers and credentials follow redirects within the origin and to no other in Chromium',
  async () => {
    const { outputFiles } = await build({
      stdin: { contents: page, resolveDir: fileURLToPath(new URL('../../dist', import.meta.url)) },
      bundle: true,
      write: false,
      logLevel: 'silent'
    });
    const { route, heard } = createToldRoute();
    const server = await createFixturesServer({
      ports: [0, 0],
      cases,
      routes: [
        {
          method: 'GET',
          path: '/page',
          handle(_request, response) {
            response.writeHead(200, { 'Content-Type': 'text/html' });
            response.end(`<!doctype html><script>${outputFiles[0]!.text}</script>`);
          }
        },
        route
      ]
    });
    const browser = openPage(chromium, `${server.origins[0]}/page`);
    try {
      expect(await heard).toEqual({
        'to-itself': 'a',
        'to-another': 'a',
        post: 'a request with a body was redirected'
      });
    } finally {
      await browser.stop();
    }
    const seen = (id: string) =>
      server.requests('t', id).map(({ origin, headers }) => {
        const values = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
        return [server.origins.indexOf(origin), values.get('secret'), values.get('cookie')];
      });
    // The request itself, the bare one that finds out, which is redirected in its turn, and the one that is sent there.
    expect(seen('to-itself')).toEqual([
      [0, 'x', 'crumb=1'],
      [0, undefined, undefined],
      [0, undefined, undefined],
      [0, 'x', 'crumb=1']
    ]);
    expect(seen('to-another')).toEqual([
      [0, 'x', 'crumb=1'],
      [0, undefined, undefined],
      [1, undefined, undefined]
    ]);
    expect(seen('post')).toHaveLength(1);
    await server.close();
  },
  30_000
);
