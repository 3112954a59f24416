import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createFixturesServer } from '../../fixtures-server/server.ts';
import type { StreamItem } from '../../fixtures-server/stream-script.ts';
import { chromium } from '../../conformance/engines/chromium.ts';
import { createToldRoute, openPage, whyMissing } from '../../conformance/open-page.ts';

const data: StreamItem[] = ['data: ', { repeat: ['x'], times: 600_000 }, '\n\n'];
const later: StreamItem[] = [{ pause: 100 }, 'event: end\ndata\n\n'];
const cases = [
  {
    id: 'an-id-each',
    connections: [
      { stream: ['retry: 1\nid: 1\n', ...data, 'id: 2\n', ...data, 'id: 3\ndata: a part'] },
      { stream: later }
    ]
  },
  { id: 'no-id', connections: [{ stream: [...data, ...data, ...later] }] },
  { id: 'an-id-of-before', connections: [{ stream: ['id: 1\n', ...data, ...data, ...data, ...later] }] }
];

/** Runs in the page, where the script is what installs EventSource. */
const page = (ids: string[]) => `<!doctype html>
<script>delete window.EventSource</script>
<script src="truesource.min.js"></script>
<script>
var told = {}, left = ${ids.length};
${JSON.stringify(ids)}.forEach(function (id) {
  var source = new EventSource('/sse/t/' + id);
  told[id] = [];
  source.onmessage = function (event) { told[id].push('message ' + event.lastEventId); };
  source.onerror = function () { told[id].push('error ' + source.readyState); };
  source.addEventListener('end', function () {
    source.close();
    if (--left > 0) return;
    var request = new XMLHttpRequest();
    request.open('POST', '/told');
    request.send(JSON.stringify(told));
  });
});
</script>`;

const why = await whyMissing(chromium);

it.skipIf(why)(
  'a response of a megabyte over XHR ends at an event that has an id of its own, and at no other',
  async () => {
    const { route, heard } = createToldRoute();
    const server = await createFixturesServer({
      cases,
      routes: [
        {
          method: 'GET',
          path: '/page',
          handle(_request, response) {
            response.writeHead(200, { 'Content-Type': 'text/html' }).end(page(cases.map(({ id }) => id)));
          }
        },
        {
          method: 'GET',
          path: '/truesource.min.js',
          async handle(_request, response) {
            response.end(await readFile(new URL('../../dist/truesource.min.js', import.meta.url)));
          }
        },
        route
      ]
    });
    const browser = openPage(chromium, `${server.origins[0]}/page`);
    try {
      expect(await heard).toEqual({
        'an-id-each': ['message 1', 'message 2', 'error 0'],
        'no-id': ['message ', 'message '],
        'an-id-of-before': ['message 1', 'message 1', 'message 1']
      });
    } finally {
      await browser.stop();
    }
    const lastEventIds = (id: string) =>
      server
        .requests('t', id)
        .map(({ headers }) => headers.find(([name]) => name.toLowerCase() === 'last-event-id')?.[1]);
    expect(lastEventIds('an-id-each')).toEqual([undefined, '2']);
    expect(lastEventIds('no-id')).toHaveLength(1);
    expect(lastEventIds('an-id-of-before')).toHaveLength(1);
    await server.close();
  },
  30_000
);
