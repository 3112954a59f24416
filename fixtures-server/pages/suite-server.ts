import { byId, fill, request } from './suite-dom.ts';

// What the page of the suite asks the server, and says of it. ES5.

/** ms without an answer of the server, or a new result, after which the page says what it waits for. */
export const silence = 6000;

let said = '';

/** In the live region: only what is worth an interruption. */
export function say(text: string): void {
  if (text === said) return;
  said = text;
  fill(byId('status'), [text]);
}

/** Of the server, which may be stopped for a while. */
export function ask(
  method: string,
  path: string,
  body: object | null,
  callback: (answer: unknown, problem: string | null, status: number) => void
): void {
  const late = 'The server has not answered for a while. What is shown stays; this goes on when it does.';
  const timer = setTimeout(function () {
    say(late);
  }, silence);
  request(method, path, body, function (answer, problem, status) {
    clearTimeout(timer);
    if (said === late) say('');
    callback(answer, problem, status);
  });
}
