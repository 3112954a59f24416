import { JSDOM, VirtualConsole } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { fullReport } from '../full-report.ts';
import { renderHtml } from './html.ts';
import { pack } from './pack.ts';
import { hostile, sampleReport } from './sample-report.ts';

function open(html: string, hash = ''): Document {
  const virtualConsole = new VirtualConsole();
  virtualConsole.on('jsdomError', (error) => {
    throw error;
  });
  const dom = new JSDOM(html, {
    runScripts: 'dangerously',
    url: `https://report.test/${hash}`,
    virtualConsole
  });
  dom.window.Element.prototype.scrollBy = () => undefined;
  dom.window.Element.prototype.scrollIntoView = () => undefined;
  return dom.window.document;
}

function openAt(html: string, hash: string): Document {
  const document = open(html);
  const { window } = document.defaultView as unknown as { window: Window };
  window.location.hash = hash;
  window.dispatchEvent(new (window as unknown as typeof globalThis).Event('hashchange'));
  return document;
}

const html = renderHtml(sampleReport());

describe('renderHtml', () => {
  it('refers to nothing outside itself', () => {
    expect(html).not.toMatch(/<(?:link|img|iframe|base|object|embed)\b|\bsrc=(?!x)|@import|url\(/);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html).not.toMatch(/[\u2028\u2029\0]/);
  });

  it('says what to do where its script does not run', () => {
    const { document } = new JSDOM(html).window;
    expect(document.querySelector('#undrawn')?.textContent).toMatch(/read report.json/);
    expect(open(html).querySelector('#undrawn')).toBe(null);
  });

  it('draws a table with headers, a button per cell, one of them tabbable', () => {
    const document = open(html);
    expect(document.querySelectorAll('.matrix tr[data-case]')).toHaveLength(24);
    expect(document.querySelectorAll('.matrix td button')).toHaveLength(24 * 6);
    expect(document.querySelectorAll('.matrix td button[tabindex="0"]')).toHaveLength(1);
    expect(document.querySelectorAll('th:not([scope])')).toHaveLength(0);
    expect(document.querySelector('[data-case="4"] [data-column="1"]')?.getAttribute('aria-label')).toBe(
      'sample-case-4, chromium/truesource-fetch: fail, unexpected'
    );
    expect(document.querySelector('.conclusion.bad')?.textContent).toMatch(
      /^truesource: 2 unexpected results/
    );
    const others = { ...sampleReport(), cells: [], columns: [], stale: [] };
    expect(open(renderHtml(others)).querySelector('.conclusion.soft')?.textContent).toBe(
      'truesource: not run itself'
    );
  });

  it('filters by difference, engine, verdict and text', () => {
    const document = open(html);
    const { Event } = document.defaultView as unknown as typeof globalThis;
    const set = (selector: string, value: string | boolean) => {
      const input = document.querySelector(`.filters ${selector}`) as HTMLInputElement;
      if (typeof value === 'boolean') input.checked = value;
      else input.value = value;
      input.dispatchEvent(new Event('input', { bubbles: true }));
      return Array.from(document.querySelectorAll('.matrix tr[data-case] th'), (th) => th.textContent);
    };
    expect(set('[type=checkbox]', true)).toEqual([1, 3, 4, 5, 6, 8, 9, 11].map((i) => `sample-case-${i}`));
    expect(set('label:nth-child(3) select', 'unexpected')).toEqual(['sample-case-4', 'sample-case-6']);
    expect(set('label:nth-child(2) select', 'firefox dedicated worker')).toEqual([]);
    expect(set('label:nth-child(3) select', '')).toEqual(['sample-case-3', 'sample-case-5']);
    expect(set('[type=search]', 'CASE-5')).toEqual(['sample-case-5']);
    expect(document.querySelectorAll('.matrix td button')).toHaveLength(3);
  });

  it('shows what is flaky', () => {
    const report = sampleReport();
    const cell = report.cells.find(({ verdict }) => verdict === 'pass')!;
    cell.runs[0]!.flaky = { seen: ['pass', 'fail'] };
    const address = [cell.case, cell.engine, cell.implementation].join('/');
    expect(openAt(renderHtml(report), `#${cell.case}`).querySelector('.detail')?.textContent).toContain(
      'pass, flaky'
    );
    const document = openAt(renderHtml(report), `#${address}`);
    expect(document.querySelector('.detail')?.textContent).toContain(
      'flaky: pass, fail; nothing explains it'
    );
    const choice = document.querySelector<HTMLSelectElement>('.filters label:nth-child(3) select')!;
    choice.value = 'flaky';
    choice.dispatchEvent(
      new (document.defaultView as unknown as typeof globalThis).Event('change', { bubbles: true })
    );
    expect(document.querySelectorAll('.matrix tr[data-case]')).toHaveLength(1);
  });

  it('opens a cell by its address', () => {
    const report = sampleReport();
    report.cases[3]!.client = { script: ['log(1);', 'done();'] };
    const document = openAt(renderHtml(report), '#sample-case-3/chromium/native');
    const text = document.querySelector('.detail')?.textContent ?? '';
    expect(text).toContain('fail in chromium/native (140.0.1)');
    expect(text).toContain('events[1].data"value""valu"');
    expect(text).toContain('5\\r\\n\\xEF\\xBB\\xBF\\x00\\xFF\\r\\n');
    expect(text).toContain('id: 3\\ndata: value 3\\n\\r\\n');
    const lines = Array.from(document.querySelectorAll('.writes .boundary'), (line) => line.textContent);
    expect(lines.slice(0, 2)).toEqual(['HTTP/1.1 200 OK\\r\\n', 'Content-Type: text/event-stream\\r\\n']);
    expect(document.querySelector('.detail > pre')?.textContent).toBe('log(1);\ndone();');
    expect(text).toContain('User-Agent');
    expect(text).toContain('GET /play/{token}/sample-case-3 HTTP/1.1');
    expect(text).toContain('Host127.0.0.1:4401');
    expect(text).toContain('7.41a\\r\\nid: 3');
    expect(text).toContain('40.3end: of the body, as it should');
    expect(document.querySelector('.detail .facts a')?.getAttribute('href')).toBe(
      'https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation'
    );
    expect(document.querySelector('[aria-current=true]')?.getAttribute('data-column')).toBe('0');
  });

  it('moves by arrow keys from the cell of its address, skips what is empty, closes by Escape', () => {
    const document = openAt(html, '#sample-case-0/chromium/native');
    const { KeyboardEvent } = document.defaultView as unknown as typeof globalThis;
    const press = (key: string) => {
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      return document.activeElement?.getAttribute('aria-label');
    };
    expect(press('ArrowDown')).toMatch(/^sample-case-1, chromium\/native/);
    expect(press('ArrowRight')).toMatch(/^sample-case-1, chromium\/truesource-fetch/);
    expect(press('ArrowUp')).toMatch(/^sample-case-0, chromium\/truesource-fetch/);
    expect(press('ArrowUp')).toMatch(/^sample-case-0, chromium\/truesource-fetch/);
    expect(document.querySelectorAll('.matrix td button[tabindex="0"]')).toHaveLength(1);
    expect(document.querySelector<HTMLElement>('.detail')?.hidden).toBe(false);
    expect(press('Escape')).toMatch(/^sample-case-0, chromium\/native/);
    expect(document.querySelector<HTMLElement>('.detail')?.hidden).toBe(true);
  });

  it('opens a case by its address', () => {
    const document = openAt(html, '#sample-case-3');
    expect(document.querySelectorAll('.detail a[href^="#sample-case-3/"]')).toHaveLength(9);
  });

  it('keeps hostile text text', () => {
    const report = sampleReport();
    for (const each of report.cases) each.title = hostile;
    for (const column of report.columns) column.version = hostile;
    const first = report.cases[1] as (typeof report.cases)[number];
    first.spec = 'javascript:alert(1)';
    const hostileHtml = renderHtml(report);
    for (const address of [
      '',
      '#sample-case-1',
      '#sample-case-1/chromium/native',
      '#sample-case-5/chromium/truesource-xhr'
    ]) {
      const document = openAt(hostileHtml, address);
      expect(document.querySelectorAll('img, b, [onerror]')).toHaveLength(0);
      expect(document.querySelectorAll('script')).toHaveLength(2);
      const texts = Array.from(document.querySelectorAll('body *:not(script)'), (element) => [
        ...Array.from(element.childNodes, (node) => (node.nodeType === 3 ? (node.nodeValue ?? '') : '')),
        ...Array.from(element.attributes, (attribute) => attribute.value)
      ]).flat();
      expect(texts.filter((text) => /[\p{Cf}\p{Cs}\u2028]|(?!\n)\p{Cc}/u.test(text))).toEqual([]);
      expect(document.title).toBe('truesource: conformance of EventSource');
      expect(document.querySelectorAll('a[href^="javascript"]')).toHaveLength(0);
    }
    const document = openAt(hostileHtml, '#sample-case-1/chromium/native');
    expect(document.querySelector('.detail')?.textContent).toContain(
      '</script><img src=x onerror="document.title=1"><!-- ]]> | `tick` *star* \\x00\\x1B[31m\\u202Eabc\\u2028\\uD800 é אב'
    );
  });

  it('stays small', () => {
    const { length } = renderHtml(fullReport(27));
    expect(length).toBeLessThan(900_000);
  });
});

describe('pack', () => {
  it('writes what occurs once where it is', () => {
    expect(pack({ a: ['x', { b: 'y' }] }).values).toEqual([[0, [-1, 'x', [1, 'y']]]]);
  });

  it('writes each distinct value once', () => {
    const packed = pack({ a: ['x', 'x', { b: 1, c: undefined }], d: [['x'], { b: 1 }, -1, null, true] });
    expect(packed.values.filter((value) => value === 'x')).toHaveLength(1);
    expect(packed.shapes).toEqual([['a', 'd'], ['b']]);
  });
});
