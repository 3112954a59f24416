import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lint } from './index.ts';
import { Judging } from './judging.ts';
import { profiles, type Profile } from './rule.ts';
import { rules } from './rules/index.ts';
import { decodeUtf8 } from './latin1.ts';
import { isOrdinaryId } from './plain-block.ts';
import { longestId, Trace } from './trace.ts';
import type { Place, TracedBlock, TracedLine, TraceObserver } from './trace-observer.ts';

function trace(pieces: Buffer[]) {
  const lines: TracedLine[] = [];
  const blocks: TracedBlock[] = [];
  const faults: Place[] = [];
  const traced = new Trace([
    {
      line: (line) => lines.push(line),
      block: (block) => blocks.push({ ...block }),
      utf8Fault: (fault) => faults.push(fault)
    }
  ]);
  for (const piece of pieces) traced.push(piece, 0);
  traced.end(0);
  return { traced, lines, blocks, faults };
}

function cutAt(bytes: Buffer, cuts: number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

const piece = fc.constantFrom(
  'data: ',
  'id',
  ':',
  'event: x',
  'retry: 5',
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  'é',
  '💓',
  '\ufeff',
  ' ',
  '\0'
);
const text = fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join('')));
const bytes = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
  fc
    .array(fc.constantFrom(0xe2, 0x82, 0xac, 0xff, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 10, 13), { maxLength: 12 })
    .map((array) => Buffer.from(array))
);

function judgingUnder(profile: Profile): Judging {
  return new Judging(
    rules.filter(({ profiles }) => !profiles || profiles.includes(profile)),
    () => {}
  );
}

it('offsets are those of the bytes, however they are cut', () => {
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 8 }), (whole, cuts) => {
      const { traced, lines, blocks, faults } = trace(cutAt(whole, cuts));
      for (const { text, offset } of lines) {
        expect(whole.toString('latin1', offset, offset + text.length)).toBe(text);
        expect([10, 13]).toContain(whole[offset + text.length]);
      }
      const reference = trace([whole]);
      const bare = (all: TracedLine[]) =>
        all.map(({ branch, text, offset, number }) => ({ branch, text, offset, number }));
      expect(bare(lines)).toEqual(bare(reference.lines));
      expect(blocks.map(({ offset, line, event }) => ({ offset, line, event }))).toEqual(
        reference.blocks.map(({ offset, line, event }) => ({ offset, line, event }))
      );
      expect(faults.map(({ offset, line }) => ({ offset, line }))).toEqual(
        reference.faults.map(({ offset, line }) => ({ offset, line }))
      );
      expect(traced.ends).toEqual(reference.traced.ends);
      expect(traced.pending?.unfinished).toBe(reference.traced.pending?.unfinished);
    })
  );
});

it('blocks that nobody wants to be told of count as all others do', () => {
  const usual = fc.constantFrom(
    ...[
      'id: 27',
      'id: 27',
      'id:k27',
      `id: ${'k'.repeat(longestId - 2)}27`,
      'id: 01234567-89ab-4def-8123-456789abc27',
      'event: a',
      'event: b',
      'event:a',
      'retry: 3000',
      'retry: 3000'
    ],
    ...[
      '',
      ': c',
      'event: message',
      'id: urn:27=',
      'id: 27.e',
      'data: {',
      'data: "a',
      'data:   }',
      'data: b"'
    ],
    ...['data: 2', 'data: {"a":1}', 'data: ping', 'data:', 'data', 'data:  x', 'retry: 10'],
    ...['id: abc', 'id: a27@b.org', 'id: é27', 'id:', 'retry: 27', 'retry: x', 'x: 27', 'x', 'Data: 27'],
    ...['data: a\0b', 'id: 27\0'],
    ...['data: [DONE]', 'data: {"type":"a"}', 'data: {"error":{}}', 'event: next', 'event: error']
  );
  const value = fc.constantFrom('1', 'x', 'undefined', '"s"', '', ' x', 'é', '\0', '\r', 'error');
  const unusual = fc
    .tuple(fc.constantFrom('data', 'id', 'event', 'retry', 'Data', ''), fc.constantFrom(': ', ':', ''), value)
    .map((parts) => parts.join(''));
  const line = fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: unusual });
  const end = fc.constantFrom('\n', '\n', '\r\n', '\r');
  const block = fc.tuple(fc.array(line, { maxLength: 4 }), fc.constantFrom('data: 1', 'data:1', ':'));
  const stream = fc
    .tuple(
      fc.array(block, { minLength: 1, maxLength: 5 }),
      fc.oneof(
        { weight: 3, arbitrary: fc.tuple(end) },
        { weight: 1, arbitrary: fc.array(end, { minLength: 2, maxLength: 4 }) }
      ),
      fc.array(fc.tuple(fc.nat(2400), line, end), { maxLength: 1 })
    )
    .map(([blocks, ends, odd]) => {
      const lines = Array.from({ length: 600 }, (_, n) => {
        const [fields, last] = blocks[n % blocks.length]!;
        return [...fields.map((field) => field.replace('27', String(n))), last, ''];
      }).flat();
      const ended = lines.map((line, n) => line + ends[n % ends.length]);
      for (const [at, line, end] of odd) ended.splice(at, 0, line + end);
      return Buffer.from(ended.join(''));
    });
  const judge = (profile: Profile, pieces: Buffer[], more: TraceObserver[]) => {
    const judging = judgingUnder(profile);
    const traced = new Trace([...judging.watch({ profile, captured: false }), ...more]);
    for (const [n, piece] of pieces.entries()) traced.push(piece, 250 * n);
    traced.end(5000);
    judging.endOfStream({ trace: traced, ended: true, captured: false, at: 5000 });
    const { lastRead, lastDataRead, ...counts } = traced;
    return [
      counts,
      lastRead?.number,
      lastDataRead?.number,
      judging.conclude(() => ({ verdict: 'ok' })),
      traced.pending
    ];
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...profiles),
      stream,
      fc.array(fc.nat(), { maxLength: 6 }),
      (profile, whole, cuts) => {
        const pieces = cutAt(whole, cuts);
        expect(judge(profile, pieces, [])).toEqual(judge(profile, pieces, [{ line() {} }]));
      }
    )
  );
});

it('an id of which a rule may have something to say is none as most are', () => {
  const among = (ids: string[]) => ids.filter((id) => isOrdinaryId(`id: ${id}\n`, 4, 4 + id.length));
  const usual = ['1', '27-0', 'a.1', '2026-11-27T00:00:00.271Z', 'abcdefghij', 'Y3Vyc29yOjI3=='];
  expect(among(usual)).toEqual(usual);
  expect(
    among([
      ...['undefined', 'NaN', 'null', 'None', '[object Object]', '', 'a b1', 'é1', 'a\t1', '1\x7f'],
      ...[
        'a1@b.org',
        'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0'.slice(0, 30),
        '01234567-89ab-4def-8123-456789abcdef'
      ]
    ])
  ).toEqual([]);
});

describe.each(profiles)('under the profile %s', (profile) => {
  it.each([
    'data: {"id":"1","choices":[{"delta":{"content":" word"}}]}',
    'event: next\ndata: {"type":"next","n":27}',
    'id: 01234567-89ab-4def-8123-456789ab27\nretry: 3000\ndata: {"n":27}',
    'id: abc/27=\nretry: 27\ndata: 27',
    'id: 2026-11-27T00:00:00.27Z\r\ndata: x',
    'id: 27\ndata: x\r\ndata: y',
    'id:\ndata: x',
    'id\ndata: x',
    'id: 27',
    'data: {\ndata:   "n": 27\ndata: }',
    'data:{"error":{"n":27}}',
    'data: no JSON, 27',
    'data: x',
    'data',
    ': 27',
    'x: 27\ndata: x',
    'event: tick\nid: 1\ndata: ping'
  ])('nearly all of a flood of %j is only counted', (block) => {
    let told = 0;
    const counted =
      <Told extends unknown[]>(tell?: (...told: Told) => unknown) =>
      (...all: Told) => {
        told++;
        return tell!(...all);
      };
    const observers = judgingUnder(profile)
      .watch({ profile, captured: false })
      .map((observer): TraceObserver => ({
        ...observer,
        ...(observer.line && { line: counted(observer.line) }),
        ...(observer.block && { block: counted(observer.block) })
      }));
    const times = 5000;
    const end = block.includes('\r') ? '\r\n\r\n' : '\n\n';
    const traced = new Trace(observers);
    const push = (from: number) => {
      const flood = Array.from({ length: times }, (_, n) => block.replaceAll('27', String(from + n)) + end);
      traced.push(Buffer.from(flood.join('')), 0);
    };
    push(1000);
    told = 0;
    push(6000);
    expect(traced.blankLines).toBe(2 * times);
    expect(told).toBeLessThan(times / 10);
  });
});

it('finds as many faults of UTF-8 as a decoder, at their bytes', () => {
  fc.assert(
    fc.property(bytes, (whole) => {
      const plain = Buffer.from(whole.toString('latin1').replaceAll('\xef\xbf\xbd', ''), 'latin1');
      const { faults } = trace([plain]);
      const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(plain);
      expect(faults).toHaveLength(decoded.split('\ufffd').length - 1);
    })
  );
});

it('the leading BOM is no part of the first line, in whatever pieces it comes', () => {
  const whole = Buffer.from('\ufeffdata: é\n\n');
  for (const pieces of [[whole], [...whole].map((byte) => Buffer.from([byte]))]) {
    const { traced, lines, blocks } = trace(pieces);
    expect(traced.bom).toBe(true);
    expect(lines[0]).toMatchObject({ branch: 'data', offset: 3, number: 1 });
    expect(decodeUtf8(blocks[0]!.event!.data)).toBe('é');
  }
});

describe('lint', () => {
  it('gives byte, line and bytes of each finding', async () => {
    const { findings } = await lint(Buffer.from('data: é\n\nData: x\n\n'));
    expect(findings.find(({ rule }) => rule === 'F05')).toMatchObject({
      offset: 10,
      line: 3,
      excerpt: 'Data: x'
    });
  });
  it('has no verdict on heads and times', async () => {
    const { verdicts } = await lint(Buffer.from('data: 1\n\n'));
    const ids = verdicts.map(({ rule }) => rule);
    expect(ids).not.toContain('H01');
    expect(verdicts).toContainEqual({ rule: 'F10', verdict: 'not observed', needed: 'a live connection' });
  });
  it('takes an unfinished block for a capture that may be cut', async () => {
    const { findings, headline } = await lint(Buffer.from('data: half a \xc3', 'latin1'));
    expect(findings.map(({ rule, severity }) => [rule, severity])).toContainEqual(['F01', 'warning']);
    expect(findings[0]!.message).toContain('if the capture was not cut');
    expect(headline).toContain('if the capture was not cut');
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
  it.each<[string, string[]]>([
    ['{"error":"x"}', ['error F03']],
    ['hello', ['warning F03']],
    ['data: 1\n\nda', []],
    ['message: hello', ['warning F27']],
    ['   \ndata: 1\n\n', ['information F03']],
    ['data: x\n    \n', ['error F04', 'warning F01']],
    ['data: 1\n\nx: 1\n\n', ['information F27']]
  ])('of %j: %j', async (text, expected) => {
    const { findings } = await lint(Buffer.from(text));
    const format = findings.filter(({ rule }) => rule.startsWith('F'));
    expect(format.map(({ severity, rule }) => `${severity} ${rule}`)).toEqual(expected);
  });
  it.each(['\n', '\r\n'])(
    'sees JSON broken behind an empty data line, far into lines that end with %j',
    async (end) => {
      const usual = `data: x${end}${end}`.repeat(2000);
      const broken = ['data:', 'data: "a', 'data: b"', '', ''].join(end);
      const { findings } = await lint(Buffer.from(usual + broken + usual));
      expect(findings.find(({ rule }) => rule === 'F24')).toMatchObject({ times: 1, offset: usual.length });
    }
  );
  it('tells JSON that is broken from what is no JSON, and from JSON that is not broken', async () => {
    const times = async (block: string) => {
      const { findings } = await lint(Buffer.from(`${block}\n\n`.repeat(200)));
      return findings.find(({ rule }) => rule === 'F24')?.times;
    };
    expect(await times('data: {"a":"x\ndata: y"}')).toBe(200);
    expect(await times('data: {"a":1\ndata: 2}')).toBe(200);
    expect(await times('data: {a "x\ndata: y"}')).toBe(undefined);
    expect(await times('data: {"a":[\ndata: [1]\ndata: ]}')).toBe(undefined);
  });
  it('does not say of JSON that it is whole behind what it left unread', async () => {
    const verdictOf = async (count: number) => {
      const { verdicts } = await lint(Buffer.from('data: {a "x\ndata: y"}\n\n'.repeat(count)));
      return verdicts.find(({ rule }) => rule === 'F24')!.verdict;
    };
    expect([await verdictOf(100), await verdictOf(101)]).toEqual(['ok', 'not observed']);
  });
  it('says of a line of blanks that the event is not ended', async () => {
    const { findings } = await lint(Buffer.from('data: x\n \t\n'));
    expect(findings[0]!.message).toContain('looks blank and is not: the event is not ended');
  });
  it.each([
    ['line of more than 4 MiB', `data: ${'x'.repeat(5 * 1024 * 1024)}\n\n`],
    ['block of more than 4 MiB', `data: ${'x'.repeat(1024 * 1024)}\n`.repeat(5)],
    ['block of more than 100,000 lines', 'data\n'.repeat(200_000)]
  ])('stops in a %s, and says so', async (what, text) => {
    const { findings, headline, clients } = await lint(Buffer.from(`data: 1\n\n${text}\n`));
    expect(findings.find(({ rule }) => rule === 'F26')).toMatchObject({
      message: `A ${what}: what follows was not read`,
      offset: 9,
      line: 3
    });
    expect(headline).toContain('as far as it was read');
    expect(clients[0]!.says).toContain('1 event, as far as it was read');
  });
  it('T13: of "ping" in a stream of text it makes a note, among names or JSON a warning', async () => {
    for (const [others, severity] of [
      [['The', ' value', ' is', ',', ' if'], 'information'],
      [['你', '好', '，', '世界', '的'], 'information'],
      [['Он', ' сказал', ',', ' что', ' да'], 'information'],
      [['张三', '李四', '王小明', '赵六', '陈静'], 'warning'],
      [['alice', 'bob'], 'warning'],
      [['alice', 'bob', 'carol', 'dave', 'erin', 'Frank Field'], 'warning'],
      [['{"a":1}'], 'warning']
    ] as const) {
      const events = ['ping', ...others, 'ping'].map((data) => `data: ${data}\n\n`);
      const { findings } = await lint(Buffer.from(events.join('')));
      expect(findings.find(({ rule }) => rule === 'T13')).toMatchObject({ severity, times: 2 });
    }
  });
  it.each<[string, string, string[]]>([
    ['warning', 'JSON', ['data: {"a":1}']],
    ['warning', 'numbers', ['data: 21.5', 'data: 21.6']],
    ['warning', 'markup', ['data: <p>1</p>', 'data: <p>2</p>']],
    ['warning', 'nothing', []],
    ['warning', 'JSON and signs of life', ['data', 'data: {"a":1}', 'data', 'data: [DONE]', 'data: [1]']],
    ['warning', 'JSON of its type', [...Array<string>(5).fill('event: log\ndata: ok'), 'data: {"a":1}']],
    ['information', 'words', ['data: alice', 'data: bob']],
    [
      'information',
      'lines of a log',
      ['data: GET /a 200', 'data: x is undefined', 'data: {"at":1}', 'data: done']
    ],
    [
      'information',
      'words without a space before them',
      ['data:The', 'data: value', 'data:', 'data: is', 'data:,']
    ],
    [
      'information',
      'text of its type',
      [...Array<string>(9).fill('event: a\ndata: {}'), 'data: ok', 'data: on']
    ]
  ])('F22: %s of "undefined" among %s', async (severity, _, others) => {
    for (const blocks of [
      [...others, 'data: undefined', 'data:NaN'],
      ['data: undefined', ...others, 'data:NaN'],
      [...others, ...others, ...others, 'data: undefined', 'data:NaN', ...others]
    ]) {
      const { findings } = await lint(Buffer.from(blocks.map((block) => `${block}\n\n`).join('')));
      expect(findings.find(({ rule }) => rule === 'F22')).toMatchObject({ severity, times: 2 });
    }
  });
  it.each<[string, string, string[]]>([
    [
      'warning',
      'tokens',
      ['The', ' quick', ' brown', ' fox', 'es', ' jump', ',', ' don', "'t", ' they', '?']
    ],
    ['warning', 'tokens of an alphabet without ASCII', ['Ли', 'са', ' и', ' вол', 'к', ' не', ' дру', 'зья']],
    ['information', 'words', ['The', 'quick', 'brown', 'fox', 'jumps', 'over', 'a', 'dog']],
    [
      'information',
      'words, two of them with a space',
      ['the', 'quick', ' brown', 'fox', 'jumps', ' over', 'a', 'dog']
    ],
    ['information', 'sentences', ['a b', ' c d', 'e f', ' g h', 'i j', ' k l', 'm n']],
    ['information', 'numbers', ['1', ' 2', '3', ' 4', '5', ' 6', '7', ' 8']],
    [
      'information',
      'JSON',
      ['{"a":1}', ' hello', '{"a":2}', ' my', '{"a":3}', ' friend', '{"a":4}', ' dear']
    ],
    [
      'information',
      'signs of life',
      ['ping', ' alice', 'ping', ' bob', 'ping', ' carol', 'ping', ' dave', 'ping']
    ],
    [
      'information',
      'words before and after others',
      ['connected', 'ready', 'steady', ' alice', ' bob', ' carol', 'done']
    ],
    [
      'information',
      'words of another type',
      ['on', ' alice', 'off', ' bob', 'in', ' carol', 'out', ' dave'].map((text) =>
        text[0] === ' ' ? text : `${text}\nevent: a`
      )
    ],
    [
      'information',
      'lines of one event',
      ['a:\ndata: b\ndata:c\ndata: d\ndata:e\ndata: f\ndata:g\ndata: h\ndata:i']
    ]
  ])('F13: %s of no space before %s', async (severity, _, texts) => {
    for (const times of [1, 30]) {
      const all = Array.from({ length: times }, (_, n) =>
        texts.map((text) => (severity === 'warning' && n > 0 ? text + String.fromCharCode(97 + n) : text))
      ).flat();
      const { findings, stream } = await lint(Buffer.from(all.map((text) => `data:${text}\n\n`).join('')));
      expect(stream!.events).toBe(all.length);
      const finding = findings.find(({ rule }) => rule === 'F13')!;
      expect(finding.severity).toBe(severity);
      if (!texts[0]!.includes('\n'))
        expect(finding.times).toBe(all.filter((text) => !text.startsWith(' ')).length);
    }
  });
  it('F13 shows the token that loses its space', async () => {
    const texts = ['The', ' quick', ' brown', ' fox', 'es', ' jump', ',', ' don', "'t"];
    const { findings } = await lint(Buffer.from(texts.map((text) => `data:${text}\n\n`).join('')));
    expect(findings.find(({ rule }) => rule === 'F13')).toMatchObject({
      message:
        'Tokens run together: the space that "data: quick" has is its own, and is taken away (others have none: "data:The")',
      offset: 10,
      line: 3
    });
  });
  it('T13: among words empty data may be a token, among lines a line', async () => {
    for (const [others, severity] of [
      [['The', 'quick', 'brown', 'fox', '.'], 'information'],
      [['10:15:01 GET /', '10:15:02 [a] b', '[info] done', '    at x (1:2)', '10:15:03 z'], 'information'],
      [['{"a": 1}', '{"a": 2}', '{"a": 3}', '{"a": 4}', '{"a": 5}'], 'warning'],
      [['<p class=a>1</p>', '<p>2 3</p>', '<p>4 5</p>', '<p>6 7</p>', '<p>8 9</p>'], 'warning'],
      [['{"a":1}', '{"a":2}'], 'warning'],
      [['1', '2', '3', '4', '5'], 'warning']
    ] as const) {
      const events = ['', ...others, ''].map((data) => `data:${data}\n\n`);
      const { findings } = await lint(Buffer.from(events.join('')));
      expect(findings.find(({ rule }) => rule === 'T13')).toMatchObject({ severity, times: 2 });
    }
  });
  it.each([
    ['an id', `id: ${'-eyJ'.repeat(500_000)}\ndata: 1\n\n`],
    ['a retry', `retry: ${'1'.repeat(2_000_000)} x\n\n`]
  ])('is not kept busy by %s', async (_, text) => {
    const start = performance.now();
    await lint(Buffer.from(text));
    expect(performance.now() - start).toBeLessThan(2000);
  });
  it.each(['openai', 'anthropic', 'mcp', 'graphql-sse'] as const)(
    'is not kept busy by what is no JSON, with the profile %s',
    async (profile) => {
      const start = process.cpuUsage();
      const { findings } = await lint(Buffer.from('data: x\n\ndata: y\n\n'.repeat(200_000)), { profile });
      expect(process.cpuUsage(start).user).toBeLessThan(2e6);
      expect(findings.find(({ rule }) => rule === 'D06')).toMatchObject({ times: 400_000 });
    }
  );
  it('D04 compares the type in the JSON with that of the event as text', async () => {
    const found = async (type: string) => {
      const { findings } = await lint(Buffer.from(`event: ${type}\ndata: {"type":"é"}\n\n`), {
        profile: 'anthropic'
      });
      return findings.find(({ rule, offset }) => rule === 'D04' && offset !== undefined)?.message;
    };
    expect(await found('é')).toBeUndefined();
    expect(await found('è')).toBe('The event type is "\\xe8", the type in the JSON "\\xe9"');
  });
  it('R09 looks for an id among the last 20, and for none that is longer than R04 has it', async () => {
    const times = async (between: number, id = 'a') => {
      const ids = [id, ...Array.from({ length: between }, (_, index) => index), id];
      const { findings } = await lint(Buffer.from(ids.map((one) => `id: ${one}\ndata: 1\n\n`).join('')));
      return findings.find(({ rule }) => rule === 'R09')?.times ?? 0;
    };
    expect([await times(0), await times(19), await times(20), await times(45)]).toEqual([1, 1, 0, 0]);
    expect(await times(0, 'x'.repeat(4097))).toBe(0);
  });
  it('F18 has nothing against the errors of an API that no EventSource reads', async () => {
    const rulesOf = async (profile: 'plain' | 'anthropic') => {
      const body = 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n';
      return (await lint(Buffer.from(body), { profile })).findings.map(({ rule }) => rule);
    };
    expect(await rulesOf('plain')).toContain('F18');
    expect(await rulesOf('anthropic')).toEqual(['D05']);
  });
  it('F23 needs two, and no other string', async () => {
    const has = async (...data: string[]) => {
      const { findings } = await lint(Buffer.from(data.map((one) => `data: ${one}\n\n`).join('')));
      return findings.some(({ rule }) => rule === 'F23');
    };
    expect(await has('"[1]"')).toBe(false);
    expect(await has('"[1]"', '"{}"', '1')).toBe(true);
    expect(await has('"[1]"', '"[2]"', '"x"')).toBe(false);
    expect(await has('"x"', '"[1]"', '"[2]"')).toBe(false);
  });
  it('never throws', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (whole) => {
        for (const profile of ['plain', 'openai', 'anthropic', 'mcp', 'graphql-sse'] as const) {
          const { findings } = await lint(whole, { profile });
          for (const { message } of findings) expect(message).toMatch(/^[\x20-\x7e…]*$/);
        }
      })
    );
  });
});
