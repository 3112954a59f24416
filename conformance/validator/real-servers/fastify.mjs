import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { FastifySSEPlugin } from 'fastify-sse-v2';

const fastify = Fastify();
fastify.register(FastifySSEPlugin);
async function* events() {
  for (let n = 0; n < 100; n++) {
    await sleep(100);
    yield { id: String(n), data: 'Some message' };
  }
}
fastify.get('/', (_, reply) => reply.sse(events()));
await fastify.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
