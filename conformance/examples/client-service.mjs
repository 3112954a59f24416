// A test service for any EventSource of JavaScript: node client-service.mjs [module that exports EventSource] [port]
// Then: npx truesource conformance --client-service http://127.0.0.1:8111/
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

const [, , name = 'truesource', port = '8111'] = process.argv;
const { EventSource } = await import(name);
const sources = new Map();
let count = 0;

createServer(async (request, response) => {
  const id = request.url.slice(1);
  const body = request.method === 'POST' ? await json(request) : {};
  if (request.method === 'GET')
    response.end(JSON.stringify({ name, capabilities: ['event-type-listeners', 'bom'] }));
  else if (request.method === 'POST' && id === '') create(body, response);
  else if (!sources.has(id)) response.writeHead(404).end();
  else if (request.method === 'POST') listen(sources.get(id), body, response);
  else if (request.method === 'DELETE') {
    sources.get(id).source.close();
    sources.delete(id);
    response.writeHead(204).end();
  } else response.writeHead(405).end();
}).listen(Number(port), '127.0.0.1', function () {
  console.log(`http://127.0.0.1:${this.address().port}/`);
});

function create({ streamUrl, callbackUrl }, response) {
  try {
    const source = new EventSource(streamUrl);
    let sent = 0;
    const post = (message) =>
      fetch(`${callbackUrl}/${++sent}`, { method: 'POST', body: JSON.stringify(message) }).catch(() => {});
    const tell = ({ type, data, lastEventId }) =>
      post({ kind: 'event', event: { type, data, id: lastEventId } });
    source.addEventListener('message', tell);
    source.addEventListener('error', (event) => {
      if (event.data === undefined) post({ kind: 'error', comment: 'error' });
      else tell(event);
    });
    source.addEventListener('open', (event) => event.data !== undefined && tell(event));
    const id = String(++count);
    sources.set(id, { source, tell });
    response.writeHead(201, { Location: `/${id}` }).end();
  } catch (error) {
    response.writeHead(400).end(String(error));
  }
}

function listen({ source, tell }, { command, listen }, response) {
  if (command !== 'listen') return response.writeHead(400).end();
  source.addEventListener(listen.type, tell);
  response.writeHead(204).end();
}
