// npx vitest run validator-vitest.test.mjs
import { once } from 'node:events';
import { createServer } from 'node:http';
import { assertNoFindings, validate } from 'truesource/validator';
import { afterAll, beforeAll, test } from 'vitest';

const log = ['one', 'two', 'three'];

/** What would be your server: it continues after Last-Event-ID, and keeps the stream open. */
const server = createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  if (request.method === 'HEAD') return response.end();
  response.write('retry: 3000\n\n');
  const seen = Number(request.headers['last-event-id']) || 0;
  for (const [index, text] of log.entries())
    if (index >= seen) response.write(`id: ${index + 1}\ndata: ${text}\n\n`);
});

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

test('clients lose nothing of the stream', async () => {
  const { port } = server.address();
  assertNoFindings(await validate(`http://127.0.0.1:${port}/`, { duration: 500 }).result);
});
