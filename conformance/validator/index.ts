export type { ClientView } from './clients.ts';
export type { Failure, FailureKind, Header } from './recording.ts';
export type { RuleVerdict } from './judging.ts';
export type { Evidence, Finding, Kind, Probe, Profile, Rule, Severity } from './rule.ts';
export { groups, rules } from './rules/index.ts';
export { assertNoFindings, isAtLeast, type Result } from './result.ts';
export {
  lint,
  validate,
  type LintOptions,
  type ValidateOptions,
  type Validation,
  type ValidationEvent
} from './validate.ts';
