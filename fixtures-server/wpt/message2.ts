import type { Handler } from './handler.ts';

/** Two lines of data, what is to be ignored, a field without a colon, and the end of the round, one write each. */
const lines = [
  'data:msg\n',
  'data: msg\n\n',
  ':\n',
  'falsefield:msg\n\n',
  'falsefield:msg\n',
  'Data:data\n\n'
];
const round = [...lines, 'data\n\n', 'data:end\n\n'];

/** The same round of events every two seconds, until the client goes. */
export const message2: Handler = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  const send = () => round.forEach((piece) => response.write(piece));
  send();
  const timer = setInterval(send, 2000);
  response.once('close', () => clearInterval(timer));
};
