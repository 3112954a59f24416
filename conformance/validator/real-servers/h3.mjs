import { createServer } from 'node:http';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';
import { createApp, createEventStream, eventHandler, toNodeListener } from 'h3';

const app = createApp();
app.use(
  '/',
  eventHandler((event) => {
    const stream = createEventStream(event);
    const timer = setInterval(() => stream.push('hello'), 100);
    stream.onClosed(async () => clearInterval(timer));
    return stream.send();
  })
);
createServer(toNodeListener(app)).listen(Number(process.argv[2]), '127.0.0.1');
