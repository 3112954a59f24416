import { readFileSync } from 'node:fs';
import http from 'node:http';
import vm from 'node:vm';
import { parse } from 'acorn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixturesServer, type FixturesServer } from '../../fixtures-server/server.ts';

/** Names that ES5 gives the global object, its constructors and their prototypes. Everything else is deleted. */
const es5: Record<string, string> = {
  '': 'Object Function Array String Boolean Number Date RegExp Error EvalError RangeError ReferenceError SyntaxError TypeError URIError Math JSON parseInt parseFloat isNaN isFinite decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval NaN Infinity undefined',
  Object:
    'length name prototype getPrototypeOf getOwnPropertyDescriptor getOwnPropertyNames create defineProperty defineProperties seal freeze preventExtensions isSealed isFrozen isExtensible keys',
  'Object.prototype':
    'constructor toString toLocaleString valueOf hasOwnProperty isPrototypeOf propertyIsEnumerable',
  'Function.prototype': 'constructor toString apply call bind length name',
  Array: 'length name prototype isArray',
  'Array.prototype':
    'constructor toString toLocaleString concat join pop push reverse shift slice sort splice unshift indexOf lastIndexOf every some forEach map filter reduce reduceRight length',
  String: 'length name prototype fromCharCode',
  'String.prototype':
    'constructor toString valueOf charAt charCodeAt concat indexOf lastIndexOf localeCompare match replace search slice split substr substring toLowerCase toLocaleLowerCase toUpperCase toLocaleUpperCase trim length',
  Number: 'length name prototype MAX_VALUE MIN_VALUE NaN NEGATIVE_INFINITY POSITIVE_INFINITY',
  Math: 'E LN10 LN2 LOG2E LOG10E PI SQRT1_2 SQRT2 abs acos asin atan atan2 ceil cos exp floor log max min pow random round sin sqrt tan'
};

function createEs5Window(page: string): vm.Context {
  const document = {
    baseURI: undefined,
    location: { href: page },
    createElement: () => createLink(page),
    createEvent: (interfaceName: string) => createEvent(interfaceName),
    querySelector() {
      throw Object.assign(new Error('what an old engine makes for itself alone'), {
        name: 'SyntaxError',
        code: 12
      });
    }
  };
  const Event = {};
  const context = vm.createContext({
    document,
    location: { href: page },
    setTimeout,
    clearTimeout,
    navigator: { onLine: true },
    Event: { prototype: Event },
    MessageEvent: { prototype: Object.create(Event) as object },
    XMLHttpRequest
  });
  const own = Object.keys(context);
  vm.runInContext(
    `(function (es5, own) {
      var names = Object.getOwnPropertyNames, symbols = Object.getOwnPropertySymbols, global = this;
      function remove(path, object) {
        var allowed = es5[path].split(' ');
        symbols(object).forEach(function (symbol) { delete object[symbol]; });
        names(object).forEach(function (name) {
          if (allowed.indexOf(name) < 0 && !(path === '' && own.indexOf(name) >= 0)) delete object[name];
        });
      }
      Object.keys(es5).forEach(function (path) {
        if (path !== '') remove(path, path.split('.').reduce(function (object, name) { return object[name]; }, global));
      });
      remove('', global);
      global.window = global.self = global;
    }).call(this, ${JSON.stringify(es5)}, ${JSON.stringify(own)})`,
    context
  );
  return context;
}

/** What an old engine's createEvent does. */
function createEvent(interfaceName: string): object {
  const event = {
    type: '',
    target: null,
    currentTarget: null,
    eventPhase: 0,
    bubbles: false,
    initEvent() {}
  };
  return interfaceName === 'Event' ? event : { ...event, data: null, ports: [] };
}

/** What an old engine's link does. */
function createLink(base: string) {
  let url: URL | null = null;
  let given = '';
  return {
    set href(value: string) {
      given = value;
      url = URL.parse(value, base);
    },
    get href() {
      return url?.href ?? given;
    },
    get protocol() {
      return url?.protocol ?? ':';
    },
    get host() {
      return url?.host ?? '';
    },
    get hostname() {
      return url?.hostname ?? '';
    }
  };
}

/** As much of an old engine's XMLHttpRequest as streams text. */
class XMLHttpRequest {
  readyState = 0;
  status = 0;
  responseText = '';
  onreadystatechange: ((event: { type: string }) => void) | null = null;
  onloadend: ((event: { type: string }) => void) | null = null;
  #url = '';
  #headers: Record<string, string> = {};
  #type = '';
  #request: http.ClientRequest | undefined;
  open(_method: string, url: string) {
    this.#url = url;
  }
  overrideMimeType() {}
  setRequestHeader(name: string, value: string) {
    this.#headers[name] = value;
  }
  getResponseHeader() {
    return this.#type;
  }
  send() {
    if (this.#url === '') throw Object.assign(new Error('not opened'), { name: 'InvalidStateError' });
    const go = (readyState: number) => {
      this.readyState = readyState;
      this.onreadystatechange?.({ type: 'readystatechange' });
    };
    this.#request = http.get(this.#url, { headers: this.#headers }, (response) => {
      this.status = response.statusCode!;
      this.#type = response.headers['content-type'] ?? '';
      go(2);
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        this.responseText += text;
        go(3);
      });
      response.on('close', () => {
        go(4);
        this.onloadend?.({ type: 'loadend' });
      });
    });
    this.#request.on('error', () => {
      this.status = 0;
      go(4);
      this.onloadend?.({ type: 'loadend' });
    });
  }
  abort() {
    this.#request?.destroy();
  }
}

describe.each(['truesource.js', 'truesource.min.js'])('dist/%s', (file) => {
  const code = readFileSync(new URL(`../../dist/${file}`, import.meta.url), 'utf8');
  let server: FixturesServer;
  beforeAll(async () => {
    server = await createFixturesServer({
      cases: [
        {
          id: 'two',
          connections: [
            { stream: ['retry: 1\nid: é\ndata: a\n\nevent: x\ndata: b\n\n'], end: 'close' },
            { stream: ['data: c\n\n'] }
          ]
        }
      ]
    });
  });
  afterAll(() => server.close());

  it('parses as ES5', () => {
    expect(() => parse(code, { ecmaVersion: 5 })).not.toThrow();
  });

  it('runs without anything of ES2015', async () => {
    const context = createEs5Window(server.origins[0] + '/page');
    expect(
      vm.runInContext(
        'typeof Promise + typeof Symbol + typeof Map + typeof globalThis + typeof [].find',
        context
      )
    ).toBe('undefined'.repeat(5));
    const names = () =>
      Array.from(vm.runInContext('Object.getOwnPropertyNames(this)', context) as ArrayLike<string>);
    const before = names();
    vm.runInContext(code, context, { filename: file });
    expect(names().filter((name) => !before.includes(name))).toEqual(['EventSource']);
    const seen = await new Promise<string[]>((resolve) => {
      const seen: string[] = [];
      Object.assign(context, {
        see(line: string) {
          seen.push(line);
          if (line === 'message c é') resolve(seen);
        },
        path: `/sse/es5-${file}/two`
      });
      vm.runInContext(
        `var source = new EventSource(path);
        source.onopen = source.onerror = function (event) { see(event.type + ' ' + source.readyState); };
        source.onmessage = function (event) {
          see(event.type + ' ' + event.data + ' ' + event.lastEventId);
          if (event.data === 'c') source.close();
        };
        source.addEventListener('x', { handleEvent: function (event) {
          see([event.data, event.target === source, event.currentTarget === source, event.eventPhase].join(' '));
          try { source.dispatchEvent(event) } catch (e) { see(e.name); }
        } });`,
        context
      );
    });
    expect(seen).toEqual([
      'open 1',
      'message a é',
      'b true true 2',
      'InvalidStateError',
      'error 0',
      'open 1',
      'message c é'
    ]);
    expect(vm.runInContext('source.readyState', context)).toBe(2);
    expect(vm.runInContext('EventSource.name + EventSource.length', context)).toBe('EventSource1');
    expect(vm.runInContext(`try { new EventSource('http://') } catch (e) { e.name + e.code }`, context)).toBe(
      'SyntaxError12'
    );
    expect(vm.runInContext(`try { EventSource('/') } catch (e) { e.name }`, context)).toBe('TypeError');
  });

  it('leaves a native EventSource alone', () => {
    const context = vm.createContext({ EventSource: 'native' });
    vm.runInContext('self = this', context);
    vm.runInContext(code, context);
    expect(context.EventSource).toBe('native');
  });
});
