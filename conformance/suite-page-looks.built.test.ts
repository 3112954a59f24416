import { readFileSync } from 'node:fs';
import { JSDOM, type DOMWindow } from 'jsdom';
import { expect, it, vi } from 'vitest';
import { suitePage } from '../fixtures-server/pages/suite.ts';
import type { Catalogue, Look, VisitState } from '../fixtures-server/pages/visit.ts';

const script = readFileSync(new URL('../dist/suite-page.js', import.meta.url), 'utf8');
const catalogue: Catalogue = {
  cases: ['a', 'b'].map((id) => ({ id, section: 'fields', title: id, level: 'must' })),
  total: 2,
  outcomes: [['pass', { sign: '+', words: 'passed' }]],
  remarks: []
};
const state: VisitState = {
  browser: 'jsdom',
  cases: [],
  columns: [{ implementation: 'native', done: 1, total: 2, state: 'running' }],
  results: [[0, 0, 'pass', false, []]],
  elapsed: 0,
  waitingFor: [],
  state: 'running',
  frame: null
};

interface Asked {
  body: Look;
  answer(more?: Partial<VisitState>): void;
}

/** The page of the run abc in jsdom, and what it asks of it. */
function open(): { window: DOMWindow; looks: Asked[] } {
  const { window } = new JSDOM(suitePage, { url: 'http://localhost/#abc', runScripts: 'outside-only' });
  const looks: Asked[] = [];
  window.XMLHttpRequest = class {
    readyState = 4;
    status = 200;
    responseText = '';
    onreadystatechange = (): void => {};
    open(): void {}
    setRequestHeader(): void {}
    answer(value: object): void {
      this.responseText = JSON.stringify(value);
      this.onreadystatechange();
    }
    send(body: string | null): void {
      if (body === null) this.answer(catalogue);
      else {
        looks.push({
          body: JSON.parse(body) as Look,
          answer: (more) => this.answer({ ...state, ...more })
        });
      }
    }
  } as never;
  window.eval(script);
  return { window, looks };
}

it('counts each result once, though two looks were under way', async () => {
  const { window, looks } = open();
  try {
    // As when its tab comes to the front.
    window.document.dispatchEvent(new window.Event('visibilitychange'));
    expect(looks.map(({ body }) => [body.from, body.isOpened])).toEqual([
      [0, true],
      [0, true]
    ]);
    for (const look of looks) look.answer();
    await vi.waitUntil(() => looks.length > 2, { timeout: 3000 });
    expect([looks[2]!.body.from, looks[2]!.body.isOpened]).toEqual([1, false]);
  } finally {
    window.close();
  }
});

it('shows the frame as long as it has the key', async () => {
  const { window, looks } = open();
  const next = async () => {
    await vi.waitUntil(() => looks.length > 0, { timeout: 3000 });
    return looks.shift()!;
  };
  const shown = () => [window.name, window.document.querySelectorAll('iframe').length];
  const more = { results: [], frame: 'about:blank' };
  try {
    (await next()).answer(more);
    expect(shown()).toEqual(['', 0]);
    (await next()).answer({ ...more, key: 'k' });
    expect(shown()).toEqual(['truesource abc k', 1]);
    const look = await next();
    expect(look.body.key).toBe('k');
    look.answer(more);
    expect(shown()).toEqual(['', 0]);
    expect((await next()).body).not.toHaveProperty('key');
  } finally {
    window.close();
  }
});
