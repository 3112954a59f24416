import type { Severity } from '../rule.ts';
import type { Result } from '../result.ts';
import { renderHtml } from './html.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { escapeJson } from './printable.ts';
import { renderSarif } from './sarif.ts';
import { renderText, type TextOptions } from './text.ts';

export interface FormatOptions extends TextOptions {
  version: string;
  failOn: Severity;
}

export const formats: Record<string, (result: Result, options: FormatOptions) => string> = {
  text: renderText,
  json: (result) => `${escapeJson(JSON.stringify(result, null, 2))}\n`,
  markdown: renderMarkdown,
  junit: renderJunit,
  sarif: renderSarif,
  html: renderHtml
};
