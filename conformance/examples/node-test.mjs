// node --test node-test.mjs
import { StandardEventSource } from 'truesource';
import { cases, conformance } from 'truesource/conformance';

conformance(StandardEventSource, { cases: cases.filter(({ section }) => section !== 'interface') });
