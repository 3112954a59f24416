import { expect, test } from 'vitest';
import { get, sendRaw, until } from './raw-client.ts';
import { createFixturesServer } from './server.ts';

/** How many handles the process has; this file has no other test, so that they are all this one's. */
const opened = (type: RegExp) => process.getActiveResourcesInfo().filter((name) => type.test(name)).length;

test('close() leaves no handle, whatever is open', async () => {
  const timers = opened(/^Timeout$/);
  const server = await createFixturesServer({
    ports: [0, 0],
    cases: [{ id: 'a', connections: [{ stream: [{ pause: 3_600_000 }] }] }]
  });
  const [origin, other] = server.origins as [string, string];
  const paused = get(origin, '/sse/t/a');
  await paused.receives('\r\n\r\n');
  const silent = get(other, '/sse/t/a');
  const page = get(origin, '/example/serverMessage');
  await page.receives('\n\n');
  const idle = get(origin, '/');
  await idle.receives('</html>');
  const refused = sendRaw(origin, 'rubbish\r\n\r\n');
  await refused.receives(' 400 ');
  await until(() => server.requests('t').length === 2);
  expect(opened(/^TCP/)).toBeGreaterThan(2);
  await server.close();
  for (const client of [paused, silent, page, idle, refused]) await client.finished();
  await until(() => opened(/^TCP/) === 0, 'the end of all handles');
  expect(opened(/^Timeout$/)).toBeLessThanOrEqual(timers);
  await server.close();
});
