/** What `// META:` lines of a test say. */
export interface Meta {
  title?: string;
  isLong: boolean;
  scripts: string[];
  /** Queries, each of which is a run of its own; `['']` if the test says nothing. */
  variants: string[];
  /** Kinds of global object as written; undefined if the test says nothing. */
  globals?: string[];
}

/** Reads the `// META: key=value` lines at the beginning of a script. */
export function parseMeta(source: string): Meta {
  const meta: Meta = { isLong: false, scripts: [], variants: [] };
  for (const line of source.split(/\r?\n/)) {
    const [, key, value = ''] = /^\/\/\s*META:\s*(\w+)=(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined) break;
    if (key === 'title') meta.title = value;
    else if (key === 'timeout') meta.isLong = value === 'long';
    else if (key === 'script') meta.scripts.push(value);
    else if (key === 'variant') meta.variants.push(value);
    else if (key === 'global') meta.globals = value.split(',').map((name) => name.trim());
  }
  if (meta.variants.length === 0) meta.variants.push('');
  return meta;
}

/** The same of a page: its `meta` elements named timeout and variant. */
export function parsePageMeta(page: string): Pick<Meta, 'isLong' | 'variants'> {
  const metas = [...page.matchAll(/<meta\s[^>]*>/gi)].map(([element]) => {
    const attribute = (name: string) =>
      new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]*))`, 'i')
        .exec(element)
        ?.slice(1)
        .join('');
    return { name: attribute('name'), content: attribute('content') ?? '' };
  });
  const variants = metas.filter(({ name }) => name === 'variant').map(({ content }) => content);
  return {
    isLong: metas.some(({ name, content }) => name === 'timeout' && content === 'long'),
    variants: variants.length > 0 ? variants : ['']
  };
}

/** A page that runs a script, or the tests of a worker. */
export function generatePage(options: {
  meta: Meta;
  prelude?: string | undefined;
  script?: string;
  worker?: { constructor: 'Worker' | 'SharedWorker'; url: string };
}): string {
  const { meta, prelude, script, worker } = options;
  const harness = ['/resources/testharness.js', '/resources/testharnessreport.js'];
  const scripts = [...(prelude ? [prelude] : []), ...harness];
  const run = worker
    ? `<script>fetch_tests_from_worker(new ${worker.constructor}(${embed(worker.url)}))</script>`
    : [...meta.scripts, script!].map(scriptElement).join('\n');
  return [
    '<!doctype html>',
    '<meta charset="utf-8">',
    ...(meta.title === undefined ? [] : [`<title>${escapeText(meta.title)}</title>`]),
    ...(meta.isLong ? ['<meta name="timeout" content="long">'] : []),
    ...scripts.map(scriptElement),
    `<script>${describeGlobal(worker === undefined)}</script>`,
    '<div id="log"></div>',
    run,
    ''
  ].join('\n');
}

/** The script of a worker that runs a `.any.js`. */
export function generateWorkerScript(script: string, meta: Meta, prelude?: string): string {
  const imports = ['/resources/testharness.js', ...meta.scripts, script];
  return [
    ...(prelude === undefined ? [] : [`importScripts(${JSON.stringify(prelude)});`]),
    describeGlobal(false),
    ...(meta.title === undefined ? [] : [`var META_TITLE = ${JSON.stringify(meta.title)};`]),
    ...imports.map((url) => `importScripts(${JSON.stringify(url)});`),
    'done();',
    ''
  ].join('\n');
}

/** The page with a script before all others. */
export function insertScript(page: string, url: string): string {
  return page.replace(/^\s*(<!doctype[^>]*>)?/i, (start) => start + scriptElement(url));
}

/** `GLOBAL`, by which a `.any.js` finds out where it runs. */
function describeGlobal(isWindow: boolean): string {
  return `self.GLOBAL = { isWindow: function () { return ${isWindow}; }, isWorker: function () { return ${!isWindow}; }, isShadowRealm: function () { return false; } };`;
}

function scriptElement(url: string): string {
  return `<script src="${escapeText(url)}"></script>`;
}

function embed(value: string): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
