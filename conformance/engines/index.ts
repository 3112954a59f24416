import type { Engine } from '../engine.ts';
import { bun } from './bun.ts';
import { chromium } from './chromium.ts';
import { deno } from './deno.ts';
import { firefox } from './firefox.ts';
import { jsdom } from './jsdom.ts';
import { node, node22, node26 } from './node.ts';
import { phantomjs } from './phantomjs.ts';
import { qtwebkit } from './qtwebkit.ts';
import { webkitgtk } from './webkitgtk.ts';
import { wpe } from './wpe.ts';

export const engines: Engine[] = [
  node,
  node22,
  node26,
  deno,
  bun,
  jsdom,
  chromium,
  firefox,
  webkitgtk,
  wpe,
  qtwebkit,
  phantomjs
];
