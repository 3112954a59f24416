import type { Rule } from '../rule.ts';
import { bytes } from './format-bytes.ts';
import { events } from './format-events.ts';
import { lines } from './format-lines.ts';

/** By id. */
export const format: Rule[] = [...lines, ...bytes, ...events].toSorted((a, b) => (a.id < b.id ? -1 : 1));
