import type { View, ViewedCell } from './html.ts';

export type Child = Node | string | number | false | null | undefined;
export type Elements = ReturnType<typeof createElements>;

/** What all of the report is drawn with. A part of its page (html-page.ts). */
export function createElements(view: View) {
  type Outcome = ViewedCell['outcome'];
  const signs = new Map<string, string>(
    [...view.outcomes, ...view.remarks].map(([name, { sign }]) => [name, sign])
  );

  /** What would be invisible, reorder its surroundings or be no valid text becomes an escape. */
  function readable(text: string): string {
    return text.replace(
      /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
      (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`
    );
  }

  function el<K extends keyof HTMLElementTagNameMap>(
    name: K,
    attributes: Record<string, string | number | boolean | undefined>,
    ...children: Child[]
  ): HTMLElementTagNameMap[K] {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined || value === false) continue;
      element.setAttribute(key, value === true ? '' : readable(String(value)));
    }
    for (const child of children) {
      if (child === null || child === undefined || child === false) continue;
      element.append(child instanceof Node ? child : readable(String(child)));
    }
    return element;
  }

  function link(url: string | undefined, text: string): Node {
    return url ? el('a', { href: url, rel: 'noreferrer' }, text) : document.createTextNode(readable(text));
  }

  /**
   * Shows what cannot be seen. `bytes`: one character is one byte, and bytes above 7F are written as such. `json`: its escapes stay as they are.
   * `lines`: line ends do.
   */
  function visible(
    text: string,
    kind: 'text' | 'bytes' | 'json' | 'lines' = 'text',
    limit = 6000
  ): HTMLElement {
    const code = el('code', {});
    const shown = text.slice(0, limit);
    const hidden = {
      text: /[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\xa0]/gu,
      bytes: /[^\x20-\x5b\x5d-\x7e]/gu,
      json: /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\xa0]/gu,
      lines: /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\xa0]/gu
    }[kind];
    let last = 0;
    for (const match of shown.matchAll(hidden)) {
      const point = match[0].codePointAt(0) as number;
      const hex = point.toString(16).toUpperCase();
      const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };
      const escape =
        named[match[0]] ??
        (point < 0x100
          ? `\\x${hex.padStart(2, '0')}`
          : point < 0x10000
            ? `\\u${hex.padStart(4, '0')}`
            : `\\u{${hex}}`);
      code.append(shown.slice(last, match.index), el('span', { class: 'escape' }, escape));
      last = match.index + match[0].length;
    }
    code.append(shown.slice(last));
    if (text.length > limit) {
      code.append(el('span', { class: 'soft' }, ` … ${text.length - limit} more`));
    }
    return code;
  }

  function shown(value: unknown): Node {
    if (value === undefined) return el('span', { class: 'soft' }, '—');
    if (typeof value !== 'string') return el('code', {}, ...visibleJson(JSON.stringify(value)));
    const code = visible(value);
    code.prepend(el('span', { class: 'soft' }, '"'));
    code.append(el('span', { class: 'soft' }, '"'));
    return code;
  }

  function mark(cell: { outcome: Outcome; unexpected?: boolean; remarks?: string[] }): HTMLElement {
    const name = cell.outcome.replace(' ', '-');
    return el(
      'span',
      { class: `mark ${name}${cell.unexpected ? ' unexpected' : ''}`, 'aria-hidden': 'true' },
      signs.get(cell.outcome) +
        (cell.unexpected && cell.outcome !== 'unexpected pass' ? '!' : '') +
        (cell.remarks ?? []).map((remark) => signs.get(remark)).join('')
    );
  }

  /** What `mark` shows, in words. */
  function describe({ outcome, unexpected, remarks }: ViewedCell): string {
    return [outcome, ...(unexpected ? ['unexpected'] : []), ...remarks].join(', ');
  }

  function table(head: string[], rows: Child[][], attributes: Record<string, string> = {}): HTMLElement {
    return el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': head.join(', ') },
      el(
        'table',
        attributes,
        el('thead', {}, el('tr', {}, ...head.map((name) => el('th', { scope: 'col' }, name)))),
        el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map((cell) => el('td', {}, cell)))))
      )
    );
  }

  function facts(entries: [string, Child][]): HTMLElement {
    return el(
      'dl',
      { class: 'facts' },
      ...entries
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])
    );
  }

  function source(title: string, value: unknown): Node | null {
    if (value === undefined) return null;
    const code = el('code', {});
    JSON.stringify(value, null, 2)
      .split('\n')
      .forEach((line, i) => code.append(i ? '\n' : '', ...visibleJson(line)));
    return el('details', {}, el('summary', {}, title), el('pre', {}, code));
  }
  function visibleJson(line: string): Node[] {
    return line
      .split(/([\p{Cc}\p{Cf}\p{Zl}\p{Zp}])/u)
      .map((part, i) =>
        i % 2
          ? el(
              'span',
              { class: 'escape' },
              `\\u${(part.codePointAt(0) as number).toString(16).padStart(4, '0')}`
            )
          : document.createTextNode(part)
      );
  }

  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const columnName = (c: number) => {
    const column = view.columns[c];
    return column ? `${column.place}/${column.implementation}` : '';
  };
  const addressOf = (caseIndex: number, c?: number) => {
    const column = c === undefined ? undefined : view.columns[c];
    return (
      '#' +
      [view.cases[caseIndex]?.case.id ?? '', ...(column ? [column.place, column.implementation] : [])]
        .map((part) => encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd')))
        .join('/')
    );
  };

  return {
    el,
    link,
    visible,
    shown,
    mark,
    describe,
    table,
    facts,
    source,
    ms,
    columnName,
    addressOf
  };
}
