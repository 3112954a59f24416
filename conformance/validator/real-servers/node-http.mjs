import { createServer } from 'node:http';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';

createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  if (request.method === 'HEAD') return response.end();
  let n = Number(request.headers['last-event-id'] ?? 0);
  const timer = setInterval(() => response.write(`id: ${++n}\ndata: ${n}\n\n`), 100);
  response.on('close', () => clearInterval(timer));
}).listen(Number(process.argv[2]), '127.0.0.1');
