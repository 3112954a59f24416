import { EventSource } from 'truesource';
import { cases, conformance } from 'truesource/conformance';
import failures from '../expected-failures.json' with { type: 'json' };

/** What is known to fail here, each line with its reason. */
const known = failures
  .filter(
    ({ engines = ['node'], implementations }) =>
      engines.includes('node') && implementations.includes('truesource-fetch')
  )
  .flatMap(({ cases }) => cases);

conformance(EventSource, { cases: cases.filter(({ id }) => !known.includes(id)) });
