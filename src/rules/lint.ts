// What hurts in rules though they load: alerts that can never fire, names that do not exist, texts that are missing.
import type { MetricInfo } from '../model/series.ts'
import { nearest } from '../model/text.ts'
import { parseDuration, printDuration } from '../model/units.ts'
import { NO_DATA_ANNOTATION } from './alerting-rule.ts'
import { type Finding, byPlace } from './finding.ts'
import { labelsKey } from './labels.ts'
import { type LabelNames, outputLabels } from './output-labels.ts'
import {
  type AlertingRule,
  type GroupDefinition,
  type NamedText,
  type Rule,
  writtenLabels,
} from './rule-file.ts'
import { nameOf, selectorsOf } from './selectors.ts'
import { type History, thresholds } from './thresholds.ts'
import type { Place } from './yaml-reader.ts'

export interface LintOptions {
  /** The catalogue: what a metric is, undefined for one it does not have. */
  readonly describe: (name: string) => MetricInfo | undefined
  /** Every name of the catalogue, for "did you mean". */
  readonly names: readonly string[]
  /** Stored history, to judge thresholds by; without it they are not judged. */
  readonly history?: History
}

/** Label names that hold for every alert, beside those of its series. */
const OWN_METRICS = /^ALERTS(_FOR_STATE)?$/

interface Context extends LintOptions {
  readonly group: GroupDefinition
  readonly recorded: ReadonlyMap<string, Rule>
}

export async function lintRules(
  groups: readonly GroupDefinition[],
  options: LintOptions,
): Promise<Finding[]> {
  const recorded = new Map(
    groups.flatMap(({ rules }) =>
      rules.filter(({ kind }) => kind === 'recording').map((rule) => [rule.name, rule] as const),
    ),
  )
  const { history } = options
  const findings: Finding[] = duplicates(groups)
  for (const group of groups) {
    for (const rule of group.rules) {
      const context: Context = { ...options, group, recorded }
      findings.push(...namesIn(rule, context))
      if (rule.kind === 'recording') continue
      findings.push(
        ...unstableLabels(rule, group),
        ...missingTexts(rule, group),
        ...unknownTemplateLabels(rule, context),
      )
      findings.push(
        ...noDataText(rule, group),
        ...(history === undefined ? [] : await thresholds(rule, group.path, history)),
      )
    }
  }
  return findings.toSorted(byPlace)
}

const finding = (
  group: GroupDefinition,
  place: Place,
  severity: Finding['severity'],
  check: string,
  message: string,
): Finding => ({
  path: group.path,
  line: place.line,
  column: place.column,
  severity,
  check,
  message,
})

function duplicates(groups: readonly GroupDefinition[]): Finding[] {
  const seen = new Map<string, string>()
  return groups.flatMap((group) =>
    group.rules.flatMap((rule) => {
      const key = `${rule.kind} ${rule.name} ${labelsKey(writtenLabels(rule))}`
      const first = seen.get(key)
      if (first === undefined) seen.set(key, `${group.path}:${rule.place.line}`)
      return first === undefined
        ? []
        : [
            finding(
              group,
              rule.place,
              'warning',
              'duplicate-rule',
              `${rule.name} is there with the same labels at ${first}`,
            ),
          ]
    }),
  )
}

const CHANGING = /\{\{[^}]*(?:\$value\b|\.Value\b|\bnow\b|\bquery\b)[^}]*\}\}/

function unstableLabels({ name, hold, labels }: AlertingRule, group: GroupDefinition): Finding[] {
  return labels
    .filter(({ text }) => CHANGING.test(text))
    .map((label) => {
      const effect =
        hold > 0
          ? `each value makes a new alert, so that \`for: ${printDuration(hold)}\` can never elapse`
          : 'each value makes a new alert, and the one before resolves'
      return finding(
        group,
        label.place,
        hold > 0 ? 'error' : 'warning',
        'unstable-label',
        `${name}: the label ${label.name} holds a value that changes: ${effect}; put it into an annotation`,
      )
    })
}

function missingTexts({ name, labels, annotations, place }: AlertingRule, group: GroupDefinition): Finding[] {
  const lacks = (texts: readonly NamedText[], wanted: string): boolean =>
    !texts.some((text) => text.name === wanted && text.text !== '')
  const missing = [
    ...(lacks(labels, 'severity') ? ['the label severity'] : []),
    ...(lacks(annotations, 'summary') ? ['the annotation summary'] : []),
    ...(lacks(annotations, 'runbook_url') ? ['the annotation runbook_url'] : []),
  ]
  return missing.map((what) =>
    finding(
      group,
      place,
      'warning',
      `missing-${what.split(' ').at(-1)!.replace('_url', '')}`,
      `${name} lacks ${what}`,
    ),
  )
}

function noDataText({ name, annotations }: AlertingRule, group: GroupDefinition): Finding[] {
  return annotations
    .filter(
      (annotation) =>
        annotation.name === NO_DATA_ANNOTATION &&
        !/^(keep|resolve)$/.test(annotation.text) &&
        parseDuration(annotation.text) === undefined,
    )
    .map(({ text, place }) =>
      finding(
        group,
        place,
        'error',
        'no-data',
        `${name}: ${NO_DATA_ANNOTATION} must be keep, resolve or a duration, found ${JSON.stringify(text)}`,
      ),
    )
}

/** Metrics and labels that the expression asks for. */
function namesIn(rule: Rule, context: Context): Finding[] {
  return selectorsOf(rule.expr).flatMap((selector) => {
    const name = nameOf(selector)
    const place = rule.exprPlace(selector.span.start)
    if (name === '' || OWN_METRICS.test(name) || context.recorded.has(name)) return []
    const metric = context.describe(name)
    if (metric === undefined) {
      const near = nearest(name, context.names)
      const hint = near === undefined ? '' : `; did you mean ${near}?`
      const own = name.startsWith('tidemark_')
      return [
        finding(
          context.group,
          place,
          own ? 'error' : 'warning',
          'unknown-metric',
          `${rule.name}: the catalogue has no metric ${name}${hint}`,
        ),
      ]
    }
    const labels = labelsOf(name, context)
    const strange = selector.matchers.filter(
      (matcher) => matcher.name !== '__name__' && labels !== null && !labels.has(matcher.name),
    )
    return strange.map((matcher) =>
      finding(
        context.group,
        place,
        'error',
        'unknown-label',
        `${rule.name}: ${name} has no label ${matcher.name}; it has ${metric.labels.join(', ') || 'none'}`,
      ),
    )
  })
}

function labelsOf(name: string, context: Context, depth = 0): LabelNames {
  const rule = context.recorded.get(name)
  if (rule !== undefined && depth < 10) {
    const inner = outputLabels(rule.expr, (metric) => labelsOf(metric, context, depth + 1))
    return inner === null ? null : inner.union(new Set(rule.labels.map((label) => label.name)))
  }
  const metric = context.describe(name)
  if (metric === undefined) return null
  return new Set([
    ...metric.labels,
    ...(metric.type === 'histogram' && name.endsWith('_bucket') ? ['le'] : []),
  ])
}

const TEMPLATE_LABEL = /(?:\$labels|\.Labels)\.([A-Za-z_]\w*)/g
const ACTION = /\{\{.*?\}\}/gs
/** Inside these, `.Labels` is that of a query's sample. */
const OTHER_LABELS = /\b(?:range|with|query)\b/

function unknownTemplateLabels(rule: AlertingRule, context: Context): Finding[] {
  const labels = outputLabels(rule.expr, (name) => labelsOf(name, context))
  if (labels === null) return []
  return [...rule.labels, ...rule.annotations].flatMap(({ name, text, place }) => {
    const actions = text.match(ACTION)?.join(' ') ?? ''
    const used = [...actions.matchAll(TEMPLATE_LABEL)].filter(
      ([whole]) => whole.startsWith('$') || !OTHER_LABELS.test(actions),
    )
    const strange = new Set(
      used.map(([, label]) => label!).filter((label) => label !== '__name__' && !labels.has(label)),
    )
    return [...strange].map((label) =>
      finding(
        context.group,
        place,
        'error',
        'unknown-label',
        `${rule.name}: ${name} uses $labels.${label}, which the expression's result does not have; it has ${[...labels].join(', ') || 'none'}`,
      ),
    )
  })
}
