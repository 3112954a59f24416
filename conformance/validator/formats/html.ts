import { quote } from '../rule.ts';
import type { Result } from '../result.ts';
import { escapeMarkup as escape, hex } from './printable.ts';
import { placeOf, summaryOf, unobservedOf } from './text.ts';

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;overflow-wrap:anywhere;color-scheme:light dark}' +
  'article{border-left:4px solid #888;padding:0 1em;margin:1em 0}.error{border-color:#c00}.warning{border-color:#c80}' +
  'h2{font-size:1.1em;margin:0}pre{white-space:pre-wrap}small{opacity:.7}';

/** One page without scripts and without anything from elsewhere. */
export function renderHtml(result: Result): string {
  const findings = result.findings.map((finding) => {
    const { source, excerpt } = finding;
    const link = source.startsWith('https://')
      ? `<a href="${escape(source)}">${escape(source)}</a>`
      : escape(source);
    return [
      `<article class="${finding.severity}">`,
      `<h2>${finding.severity} ${finding.rule} ${escape(finding.name)} <small>${escape([finding.kinds.join(', '), placeOf(finding)].filter(Boolean).join('; '))}</small></h2>`,
      `<p>${escape(finding.message)}.</p>`,
      ...(excerpt ? [`<pre>${escape(quote(excerpt, 80))}\n${hex(excerpt)}</pre>`] : []),
      `<p>${escape(finding.advice)} <small>${link}</small></p>`,
      '</article>'
    ].join('\n');
  });
  const unobserved = unobservedOf(result).map((what) => `<li>${escape(what)}</li>`);
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
    `<title>${escape(result.subject)}</title><style>${style}</style></head><body>`,
    `<p>${escape(result.subject)}</p><h1>${escape(result.headline)}</h1><p>${escape(summaryOf(result))}</p>`,
    ...findings,
    ...(result.clients.length > 0
      ? [
          '<h2>What arrives</h2><ul>',
          ...result.clients.map(({ family, says }) => `<li>${escape(`${family}: ${says}`)}</li>`),
          '</ul>'
        ]
      : []),
    ...(unobserved.length > 0 ? [`<h2>Not observed</h2><ul>`, ...unobserved, '</ul>'] : []),
    '</body></html>',
    ''
  ].join('\n');
}
