import { createServer } from 'node:http';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';
import { createSession } from 'better-sse';

createServer(async (request, response) => {
  const session = await createSession(request, response);
  let n = 0;
  const timer = setInterval(() => session.push({ n: ++n }), 100);
  session.on('disconnected', () => clearInterval(timer));
}).listen(Number(process.argv[2]), '127.0.0.1');
