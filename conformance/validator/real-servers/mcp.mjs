import { createServer } from 'node:http';
import process from 'node:process';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';

createServer(async (_, response) => {
  const server = new McpServer({ name: 'example', version: '1.0.0' });
  await server.connect(new SSEServerTransport('/messages', response));
}).listen(Number(process.argv[2]), '127.0.0.1');
