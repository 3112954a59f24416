import { collect, each, el, fill, toggle, type Child } from './suite-dom.ts';
import type { ShownResult } from './visit.ts';

/** A result of an implementation in a case; `mark` is that of its outcome. ES5. */
export function drawResult(result: ShownResult, implementation: string, id: string, mark: Child): Child[] {
  const parts: Child[] = [
    el('p', {}, [
      mark,
      ' ',
      el('strong', {}, [result.outcome]),
      ': ' + implementation + ' ' + result.words + '. ',
      result.clauseUrl !== undefined
        ? el('a', { href: result.clauseUrl }, ['The clause (' + result.level + ')'])
        : null
    ])
  ];
  if (result.why !== undefined) parts.push(el('p', {}, [result.why]));
  if (result.reason !== undefined) parts.push(el('p', {}, ['Known: ' + result.reason]));
  each(result.remarks, function (text) {
    parts.push(el('p', {}, [text]));
  });
  const first = result.runs[0]!;
  if (first.differences.length > 0) {
    parts.push(
      el('h3', {}, ['Expected and observed']),
      drawTable(
        ['what', 'expected', 'observed'],
        collect(first.differences, function (one) {
          return [el('code', {}, [one.what]), drawText(one.expected), drawText(one.observed)];
        })
      )
    );
  }
  parts.push(
    el('h3', {}, ['Bytes on the wire' + (first.chunking === 'as-written' ? '' : ', cut: ' + first.chunking)])
  );
  if (result.requests.length === 0) parts.push(el('p', {}, ['There was no request.']));
  each(result.requests, function (one) {
    const writes: Child[][] = collect(one.writes, function (write) {
      const bytes = drawBytes(write.bytes);
      return [
        write.at.toFixed(1),
        write.length > write.bytes.length
          ? el('span', {}, [bytes, ' … ' + (write.length - write.bytes.length) + ' more bytes'])
          : bytes
      ] as Child[];
    });
    if (one.endedAt !== null) writes.push([one.endedAt.toFixed(1), 'end of the script']);
    if (one.closedAt !== null) writes.push([one.closedAt.toFixed(1), 'closed']);
    parts.push(
      el('h4', {}, [one.at.toFixed(1) + ' ms: ', drawBytes(one.line), ' to ' + one.origin]),
      drawTable(['ms', 'each write of the server'], writes),
      fold(
        'headers of the request (' + one.headers.length + ')',
        drawTable(
          ['name', 'value'],
          collect(one.headers, function (header) {
            return [drawBytes(header[0]), drawBytes(header[1])];
          })
        )
      )
    );
  });
  parts.push(el('h3', {}, ['Observed']));
  const facts: Child[][] = [];
  for (const key in result.observed) facts.push([key, drawValue(result.observed[key])]);
  parts.push(drawTable(['what', 'value'], facts));
  if (result.events.length > 0) {
    const keys = ['at', 'type', 'data', 'lastEventId', 'origin', 'readyState'];
    parts.push(
      drawTable(
        keys,
        collect(result.events, function (event) {
          return collect(keys, function (key): Child {
            const value = event[key];
            return key === 'at' ? Number(value).toFixed(1) : value === undefined ? '' : drawValue(value);
          });
        }),
        // Wider than a narrow page: the keyboard scrolls what it can reach.
        { class: 'scroll events', role: 'region', tabindex: 0, 'aria-label': 'Events' }
      )
    );
  }
  if (result.runs.length > 1) {
    parts.push(
      fold(
        'the same bytes, cut in other ways (' + (result.runs.length - 1) + ')',
        drawTable(
          ['cut', 'verdict'],
          collect(result.runs.slice(1), function (one) {
            return [one.chunking, one.verdict];
          })
        )
      )
    );
  }
  parts.push(fold(id + ', the case as data', el('pre', {}, [escapeHidden(result.source)])));
  return parts;
}

function drawTable(
  head: string[],
  rows: Child[][],
  attributes: Parameters<typeof el>[1] = { class: 'scroll' }
): HTMLElement {
  return el('div', attributes, [
    el('table', {}, [
      el('thead', {}, [
        el(
          'tr',
          {},
          collect(head, function (name) {
            return el('th', { scope: 'col' }, [name]);
          })
        )
      ]),
      el(
        'tbody',
        {},
        collect(rows, function (row) {
          return el(
            'tr',
            {},
            collect(row, function (cell) {
              return el('td', {}, [cell]);
            })
          );
        })
      )
    ])
  ]);
}

/** What details does, where there is none as well. */
function fold(title: string, content: HTMLElement): HTMLElement {
  const button = el('button', { type: 'button', class: 'fold', 'aria-expanded': 'false' }, ['+ ' + title]);
  toggle(content, false);
  button.onclick = function () {
    const isShown = content.style.display === 'none';
    toggle(content, isShown);
    button.setAttribute('aria-expanded', String(isShown));
    fill(button, [(isShown ? '− ' : '+ ') + title]);
  };
  return el('div', {}, [button, content]);
}

function drawValue(value: unknown): HTMLElement {
  return drawText(JSON.stringify(value));
}

/** What cannot be seen becomes an escape. */
function escapeHidden(text: string): string {
  return text.replace(
    /[^\n\x20-\x7e\u00a1-\ufffe]|[\u007f-\u00a0\u00ad\u0600-\u0605\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ud800-\udfff\ufeff\ufff0-\uffff]/g,
    function (character) {
      return '\\u' + ('000' + character.charCodeAt(0).toString(16)).slice(-4);
    }
  );
}

function drawText(text: string): HTMLElement {
  return el('code', {}, [escapeHidden(text.replace(/\n/g, '\\n'))]);
}

/** One character is one byte. */
function drawBytes(text: string): HTMLElement {
  return el('code', {}, [
    text.replace(/[^\x20-\x5b\x5d-\x7e]/g, function (character) {
      if (character === '\n') return '\\n';
      if (character === '\r') return '\\r';
      if (character === '\\') return '\\\\';
      return '\\x' + ('0' + character.charCodeAt(0).toString(16)).slice(-2);
    })
  ]);
}
