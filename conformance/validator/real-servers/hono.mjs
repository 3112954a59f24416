import process from 'node:process';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';

const app = new Hono();
let id = 0;
app.get('/', (context) =>
  streamSSE(context, async (stream) => {
    while (!stream.aborted) {
      await stream.writeSSE({
        data: `It is ${new Date().toISOString()}`,
        event: 'time-update',
        id: String(++id)
      });
      await stream.sleep(100);
    }
  })
);
app.get('/short', (context) =>
  streamSSE(context, async (stream) => {
    for (let n = 0; n < 3; n++) await stream.writeSSE({ data: `two\nlines ${n}` });
  })
);
serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: '127.0.0.1' });
