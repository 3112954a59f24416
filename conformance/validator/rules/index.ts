import type { Rule } from '../rule.ts';
import { caching } from './caching.ts';
import { crossOrigin } from './cors.ts';
import { dialects } from './dialects.ts';
import { format } from './format.ts';
import { head } from './head.ts';
import { resume } from './resume.ts';
import { security } from './security.ts';

export interface RuleGroup {
  name: string;
  rules: Rule[];
}

export const groups: RuleGroup[] = [
  { name: 'Head and status', rules: head },
  { name: 'Caching, compression, buffering, time', rules: caching },
  { name: 'Format', rules: format },
  { name: 'Ids, retry, resuming', rules: resume },
  { name: 'Cross-origin use', rules: crossOrigin },
  { name: 'Security', rules: security },
  { name: 'Dialects', rules: dialects }
];

export const rules: Rule[] = groups.flatMap((group) => group.rules);
