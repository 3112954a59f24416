import type { Engine } from '../engine.ts';
import { chromium } from './chromium.ts';
import { firefox } from './firefox.ts';
import { jsdom } from './jsdom.ts';
import { node } from './node.ts';

export const engines: Engine[] = [node, jsdom, chromium, firefox];
