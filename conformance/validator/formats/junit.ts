import { isAtLeast, type Result } from '../result.ts';
import type { FormatOptions } from './index.ts';
import { escapeMarkup as escape } from './printable.ts';
import { placeOf } from './text.ts';

/** A test case per rule: those with a finding at or above `failOn` fail, those without an answer are skipped. */
export function renderJunit(result: Result, { failOn }: FormatOptions): string {
  const time = (result.duration / 1000).toFixed(3);
  const failing = result.findings.filter((finding) => isAtLeast(finding, failOn));
  const cases = result.verdicts.map((verdict) => {
    const finding = result.findings.find(({ rule }) => rule === verdict.rule);
    const name = `<testcase classname="truesource.validate" name="${verdict.rule}${finding ? ` ${escape(finding.name)}` : ''}" time="0"`;
    if (finding && failing.includes(finding)) {
      const text = `${finding.severity}, ${finding.kinds.join(', ')}${placeOf(finding) && `, ${placeOf(finding)}`}. ${finding.advice} ${finding.source}`;
      return `${name}><failure message="${escape(finding.message)}" type="${finding.rule}">${escape(text)}</failure></testcase>`;
    }
    if (finding)
      return `${name}><system-out>${escape(`${finding.severity}: ${finding.message}. ${finding.advice}`)}</system-out></testcase>`;
    if (verdict.verdict === 'not observed')
      return `${name}><skipped message="${escape(`not observed: needs ${verdict.needed}`)}"/></testcase>`;
    if (verdict.verdict === 'not applicable')
      return `${name}><skipped message="${escape(`not applicable: ${verdict.because}`)}"/></testcase>`;
    return `${name}/>`;
  });
  if (result.failure) {
    cases.push(
      `<testcase classname="truesource.validate" name="connection" time="0"><error message="${escape(result.headline)}" type="${result.failure.kind}"></error></testcase>`
    );
  }
  const skipped = cases.filter((one) => one.includes('<skipped ')).length;
  const numbers = `tests="${cases.length}" failures="${failing.length}" errors="${result.failure ? 1 : 0}" skipped="${skipped}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${numbers.replace(/ skipped="\d+"/, '')} time="${time}">`,
    `<testsuite name="${escape(result.subject)}" ${numbers} time="${time}">`,
    ...cases,
    '</testsuite>',
    '</testsuites>',
    ''
  ].join('\n');
}
