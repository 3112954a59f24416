import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Files that become ES5 by syntax alone: nothing in them may need a helper or a global of ES2015. */
const es5 = [
  'polyfill/*.ts',
  'polyfill/transports/*.ts',
  'polyfill/platform/*.ts',
  'conformance/probe.ts',
  'conformance/client.ts',
  'conformance/lanes.ts',
  'conformance/page.ts',
  'conformance/wpt/{driver,tests}.ts',
  'fixtures-server/pages/suite-{dom,page,result}.ts'
];

/** Files may import only what `allowed` matches. */
function wall(files, allowed, message, ignores = []) {
  const regex = allowed === '' ? '.' : `^(?!(?:${allowed})$)`;
  return {
    files,
    ignores: ['**/*.test.ts', ...ignores],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex, message }] }] }
  };
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.stryker-tmp/'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    rules: {
      eqeqeq: 'error',
      // Overloads that mirror lib.dom's read better apart.
      '@typescript-eslint/unified-signatures': 'off',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // An index that a loop has just bounded.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A callback of several that a contract names and that has nothing to do.
      '@typescript-eslint/no-empty-function': 'off'
    }
  },
  {
    files: es5,
    ignores: ['**/*.test.ts'],
    rules: {
      'no-loop-func': 'error',
      'no-var': 'off',
      'prefer-rest-params': 'off',
      'no-restricted-syntax': [
        'error',
        ...[
          'ImportExpression',
          'ClassDeclaration',
          'ClassExpression',
          'ForOfStatement',
          'SpreadElement',
          ':function > RestElement',
          'ArrayPattern',
          'AwaitExpression',
          'YieldExpression',
          'ObjectExpression > Property[computed=true]',
          'TemplateLiteral[expressions.length>0]',
          'BinaryExpression[operator="instanceof"]',
          'BinaryExpression[operator=/^[!=]==?$/] > UnaryExpression[operator="typeof"] ~ Literal[value=/^(object|symbol)$/]',
          ':function[async=true]',
          ':function[generator=true]'
        ].map((selector) => ({ selector, message: 'Not in a file that must become plain ES5.' }))
      ]
    }
  },
  // Who may import whom. An allowed name is a whole module specifier.
  wall(
    ['polyfill/event-stream.ts', 'polyfill/transport.ts', 'conformance/oracle.ts'],
    '',
    'This file imports nothing.'
  ),
  wall(
    ['polyfill/transports/*.ts'],
    '\\./[a-z-]+\\.ts|\\.\\./transport\\.ts|\\.\\./platform/[a-z0-9-]+\\.ts',
    'Transports know the contract and the platform.'
  ),
  wall(['polyfill/platform/*.ts'], '\\./[a-z0-9-]+\\.ts', 'The platform knows nothing of event streams.'),
  wall(
    ['polyfill/processing-model.ts'],
    '\\./(event-stream|transport)\\.ts|\\./platform/[a-z0-9-]+\\.ts',
    'The processing model gets its transport from an entry.'
  ),
  wall(
    ['polyfill/event-source.ts'],
    '\\./(processing-model|transport|types)\\.ts|\\./platform/[a-z0-9-]+\\.ts',
    'The interface gets its transport from an entry.'
  ),
  wall(
    ['polyfill/extras/*.ts', 'polyfill/index.ts', 'polyfill/polyfill.ts', 'polyfill/types.ts'],
    '\\.{1,2}/(?!.*(?:conformance|fixtures-server)).*',
    'The polyfill stands alone.'
  ),
  wall(
    ['fixtures-server/**/*.ts'],
    'node:[a-z0-9/]+|\\.{1,2}/(?!.*(?:conformance|polyfill)).*',
    'The server knows no parser and no expectation.'
  ),
  wall(
    ['conformance/reports/*.ts'],
    'picocolors|node:zlib|\\./[a-z-]+\\.(?:ts|json)|\\.\\./(?:report|case|observation|expected-failures)\\.ts|\\.\\./\\.\\./fixtures-server/request-log\\.ts',
    'Reports see types, one another, and what is pure.'
  ),
  wall(
    ['conformance/**/*.ts'],
    '(?!.*(?:polyfill/(?!platform/mime-type\\.ts)|oracle\\.ts|cli\\.ts)).*',
    'The suite tests the package as built; the oracle is for tests; the command line is imported by nobody.',
    [
      'conformance/validator/trace.ts',
      'conformance/validator/trace-observer.ts',
      'conformance/reports/*.ts',
      'conformance/oracle.ts',
      'conformance/mutation/parser.ts'
    ]
  ),
  { files: ['conformance/cli.ts', 'conformance/client.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['conformance/examples/*.mjs'],
    languageOptions: {
      globals: { Buffer: 'readonly', console: 'readonly', fetch: 'readonly', process: 'readonly' }
    },
    rules: { 'no-console': 'off' }
  },
  { files: ['**/*.test.ts'], rules: { '@typescript-eslint/no-explicit-any': 'off' } }
);
