import { rules } from '../rules/index.ts';
import type { Result } from '../result.ts';
import type { FormatOptions } from './index.ts';
import { hex, printable } from './printable.ts';

/** Text in which nothing is an embedded link, `[text](target)`: section 3.11.6. */
function plain(text: string): string {
  return printable(text).replaceAll('](', '] (');
}

/** Of a URL or a file name. The URLs of the URL Standard may hold what those of RFC 3986 may not. */
function uriOf(subject: string): string {
  const [origin] = /^https?:\/\/[^/?#]*/.exec(subject) ?? [];
  if (origin === undefined) return printable(subject).split('/').map(encodeURIComponent).join('/');
  const [rest, fragment] = subject.slice(origin.length).split(/#(.*)/s);
  const encode = (text: string) =>
    text.replace(/%(?![\da-f]{2})|[^\w.~:/?@!$&'()*+,;=%-]/giu, encodeURIComponent);
  return origin + encode(rest!) + (fragment === undefined ? '' : `#${encode(fragment)}`);
}

const levels = { error: 'error', warning: 'warning', information: 'note' };

/** SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
export function renderSarif(result: Result, { version }: FormatOptions): string {
  const used = rules.filter(({ id }) => result.findings.some(({ rule }) => rule === id));
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'truesource',
            version,
            rules: used.map(({ id, name, title, advice, source, severity, kinds }) => ({
              id,
              name,
              shortDescription: { text: title },
              help: { text: `${advice} (${source})` },
              ...(source.startsWith('https:') && { helpUri: source }),
              defaultConfiguration: { level: levels[severity] },
              properties: { tags: kinds }
            }))
          }
        },
        invocations: [
          {
            executionSuccessful: !result.failure,
            ...(result.failure && {
              toolExecutionNotifications: [{ level: 'error', message: { text: plain(result.headline) } }]
            })
          }
        ],
        results: result.findings.map((finding) => ({
          ruleId: finding.rule,
          ruleIndex: used.findIndex(({ id }) => id === finding.rule),
          level: levels[finding.severity],
          message: { text: plain(`${finding.message}. ${finding.advice}`) },
          occurrenceCount: finding.times,
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(result.subject) },
                ...(finding.offset !== undefined && {
                  region: {
                    ...(finding.line !== undefined && { startLine: finding.line }),
                    byteOffset: finding.offset
                  }
                })
              }
            }
          ],
          properties: {
            ...(finding.probe !== undefined && { probe: finding.probe }),
            ...(finding.at !== undefined && { milliseconds: Math.round(finding.at) }),
            // Those around the place, and not all of the region.
            ...(finding.excerpt !== undefined && { bytes: hex(finding.excerpt) })
          }
        }))
      }
    ]
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
