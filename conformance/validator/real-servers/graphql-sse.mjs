import { createServer } from 'node:http';
import process from 'node:process';
import { buildSchema } from 'graphql';
import { createHandler } from 'graphql-sse/lib/use/http';

const handler = createHandler({
  schema: buildSchema('type Query { hello: String } type Subscription { greetings: String }'),
  rootValue: {
    async *greetings() {
      for (const greetings of ['Hi', 'Bonjour', 'Hola']) yield { greetings };
    }
  }
});
createServer((request, response) => handler(request, response)).listen(Number(process.argv[2]), '127.0.0.1');
