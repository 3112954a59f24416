import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { loadCases } from '../load-cases.ts';
import { renderJson } from './json.ts';
import schema from './report.schema.json' with { type: 'json' };
import { hostile, sampleReport } from './sample-report.ts';

const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);

it('is valid against its schema', () => {
  const report = sampleReport();
  const last = report.cases.at(-1) as (typeof report.cases)[number];
  last.connections = [
    {
      delay: 1,
      status: 301,
      reason: 'Moved',
      headers: { Location: '{other-url}', 'X-A': ['1', '2'], 'Cache-Control': null },
      stream: [{ repeat: ['a', { hex: '00' }], times: 3 }, { pause: 5 }],
      framing: { contentLength: 3 },
      end: 'reset'
    },
    { head: ['HTTP/1.0 200 OK\r\n\r\n'], framing: 'close' }
  ];
  last.repeat = true;
  last.preflight = { status: 403 };
  last.client = { url: 'x', init: null, close: { on: 'message', nth: 2 }, script: ['log(1);', 'done();'] };
  last.expect = {
    throws: { name: 'SyntaxError', code: 12 },
    log: [null, 1],
    requests: [{ delay: { min: 1, max: 2 }, closed: true, optional: true }]
  };
  expect(validate(JSON.parse(renderJson(report))), JSON.stringify(validate.errors)).toBe(true);
});

it('is valid with every case of the suite', () => {
  const report = { ...sampleReport(), cases: loadCases('conformance/cases') };
  expect(validate(JSON.parse(renderJson(report))), JSON.stringify(validate.errors)).toBe(true);
});

it('refuses what the schema does not know', () => {
  expect(validate({ ...JSON.parse(renderJson(sampleReport())), extra: 1 })).toBe(false);
  expect(validate({ ...JSON.parse(renderJson(sampleReport())), schema: 2 })).toBe(false);
});

it('brings every string through, lone surrogates and control characters too', () => {
  const report = sampleReport();
  const text = renderJson(report);
  expect(new TextDecoder('utf-8', { fatal: true }).decode(new TextEncoder().encode(text))).toBe(text);
  expect(text).not.toContain('\u0000');
  const back = JSON.parse(text) as typeof report;
  expect(back.cases[1]?.title).toBe(`Title with ${hostile}`);
  expect(back).toEqual(JSON.parse(JSON.stringify(report)));
});
