import { createServer } from 'node:http';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';
import { URL } from 'node:url';
import { startNginx } from './start-nginx.mjs';

/** `/?every=10&buffering=no`: ms between the events, and what X-Accel-Buffering says. */
const upstream = createServer((request, response) => {
  const { searchParams } = new URL(request.url, 'http://localhost');
  const buffering = searchParams.get('buffering');
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-cache',
    ...(buffering && { 'X-Accel-Buffering': buffering })
  });
  if (request.method === 'HEAD') return response.end();
  let n = Number(request.headers['last-event-id'] ?? 0);
  const write = () => response.write(`id: ${++n}\ndata: ${JSON.stringify({ n, at: new Date() })}\n\n`);
  const timer = setInterval(write, Number(searchParams.get('every') ?? 100));
  response.on('close', () => clearInterval(timer));
});
upstream.listen(0, '127.0.0.1', () => {
  startNginx(process.argv[2], `proxy_pass http://127.0.0.1:${upstream.address().port};`);
});
