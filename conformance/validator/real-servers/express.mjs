import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';
import compression from 'compression';
import express from 'express';

const app = express();
function stream(request, response) {
  response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.flushHeaders();
  let n = 0;
  const timer = setInterval(() => response.write(`id: ${++n}\ndata: ${JSON.stringify({ n })}\n\n`), 100);
  request.on('close', () => clearInterval(timer));
}
app.get('/', stream);
app.get('/compressed', compression(), stream);
app.listen(Number(process.argv[2]), '127.0.0.1');
