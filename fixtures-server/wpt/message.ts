import type { Handler } from './handler.ts';

/** `?message=` as type `?mime=`, after `?sleep=` ms; with a blank line at the end unless `?newline=none`. */
export const message: Handler = (_request, response, { searchParams }) => {
  const end = searchParams.get('newline') === 'none' ? '\n' : '\n\n\n';
  response.setHeader('Content-Type', searchParams.get('mime') ?? 'text/event-stream');
  const body = (searchParams.get('message') ?? 'data: data') + end;
  const timer = setTimeout(() => response.end(body), Number(searchParams.get('sleep') ?? 0));
  response.once('close', () => clearTimeout(timer));
};
