import { playConnection } from '../play.ts';
import { type Route, streamOf } from './route.ts';

/** The two streams of the example page. */
export const serverMessageRoutes: Route[] = [
  {
    method: 'GET',
    path: '/example/serverMessage',
    exact: true,
    handle(request, response) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      if (request.method === 'HEAD') return void response.end();
      const send = () => response.write(`data:${new Date().toString()}\n\n`);
      send();
      const timer = setInterval(send, 1000);
      response.once('close', () => clearInterval(timer));
    }
  },
  {
    method: 'GET',
    path: '/example/serverMessage-broken',
    exact: true,
    handle(request, response) {
      // "Mon Nov 23 04:28:51": 19 characters, which make the body 36 bytes.
      const date = new Date().toString().replace(/^(.{10}) \d+( .{8}).*$/, '$1$2');
      const body = `retry:1000\ndata:${date}\n`;
      if (streamOf(request)) {
        return void response
          .writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Length': body.length })
          .end(request.method === 'HEAD' ? '' : body);
      }
      return playConnection(
        {
          head: [
            'HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n',
            `Content-Length: ${body.length}\r\n\r\n`
          ],
          stream: request.method === 'HEAD' ? [] : [body],
          end: 'close'
        },
        { socket: request.socket, method: request.method!, placeholders: {} }
      );
    }
  }
];
