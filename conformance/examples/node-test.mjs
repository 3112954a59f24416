// node --test node-test.mjs
import { EventSource } from 'truesource';
import { cases, conformance } from 'truesource/conformance';

const sections = ['parsing', 'fields', 'dispatching', 'reconnecting'];

conformance(EventSource, { cases: cases.filter(({ section }) => sections.includes(section)) });
