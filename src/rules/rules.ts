// The door: Prometheus rule files loaded, evaluated, tested, checked and replayed.
export { type Finding, printFinding } from './finding.ts'
export {
  type GroupDefinition,
  type LoadOptions,
  type Rule,
  type RuleFileText,
  loadRuleFiles,
} from './rule-file.ts'
export { type Query, engineQuery, fittingLookback, textQuery } from './query.ts'
export type { AlertRecord } from './alerting-rule.ts'
export type { Whereabouts } from './no-data.ts'
export {
  DEFAULT_INTERVAL,
  type Group,
  type GroupPorts,
  type GroupReport,
  type GroupState,
  type RuleReport,
  createGroup,
  evaluateGroup,
  groupId,
  recordedNames,
} from './group.ts'
export { printUnitTestReport, runUnitTests } from './unit-test.ts'
export { type LintOptions, lintRules } from './lint.ts'
export { portableForm } from './portable.ts'
export { backtest } from './backtest.ts'
export { type Backtest, printBacktest } from './backtest-report.ts'
