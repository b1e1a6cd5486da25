// Rule files: Prometheus's format, read strictly (its configuration reference, "Recording rules" and "Alerting rules").
import { isScalar } from 'yaml'
import type { Labels } from '../model/series.ts'
import type { Millis } from '../model/units.ts'
import { type Expr, PromqlError, parse } from '../promql/promql.ts'
import { type Template, TemplateError } from '../template/template.ts'
import { parseAlertText } from './alert-text.ts'
import { type Finding, byPlace } from './finding.ts'
import { type Place, YamlReader, type YamlNode, isNothing, offsetOf } from './yaml-reader.ts'

/** Rules that one file may hold. */
const RULES_MAX = 50_000

export interface RuleFileText {
  readonly path: string
  readonly text: string
}

/** A label or annotation, with the place of its value in the file. */
export interface NamedText {
  readonly name: string
  readonly text: string
  readonly template: Template
  readonly place: Place
}

interface RuleBase {
  /** The alert's or the recorded series' name. */
  readonly name: string
  readonly expr: Expr
  /** As it stands in the file. */
  readonly exprText: string
  /** The group's labels overridden by the rule's own. */
  readonly labels: readonly NamedText[]
  readonly place: Place
  /** Where an offset of `exprText` is in the file. */
  readonly exprPlace: (offset: number) => Place
}

export interface RecordingRule extends RuleBase {
  readonly kind: 'recording'
}

export interface AlertingRule extends RuleBase {
  readonly kind: 'alerting'
  readonly hold: Millis
  readonly keepFiring: Millis
  readonly annotations: readonly NamedText[]
}

export type Rule = RecordingRule | AlertingRule

export interface GroupDefinition {
  readonly path: string
  readonly name: string
  /** null: what the configuration says. */
  readonly interval: Millis | null
  readonly queryOffset: Millis | null
  /** 0: no limit. */
  readonly limit: number
  readonly rules: readonly Rule[]
  readonly place: Place
}

export interface LoadOptions {
  /** `legacy`: label names as Prometheus 2 allowed them; for files that must load there too. */
  readonly names?: 'utf-8' | 'legacy'
  readonly ignoreUnknownFields?: boolean
}

export interface LoadedRules {
  readonly groups: readonly GroupDefinition[]
  /** A file with an error gives none of its groups, as in Prometheus; `errors` is empty when all is well. */
  readonly errors: readonly Finding[]
  readonly warnings: readonly Finding[]
}

export function loadRuleFiles(files: readonly RuleFileText[], options: LoadOptions = {}): LoadedRules {
  const groups: GroupDefinition[] = []
  const findings: Finding[] = []
  for (const { path, text } of files) {
    const reader = new YamlReader(path, text, options)
    const loaded = readGroups(reader, options.names ?? 'utf-8')
    if (!reader.failed) groups.push(...loaded)
    findings.push(...reader.findings)
  }
  const sorted = findings.toSorted(byPlace)
  return {
    groups,
    errors: sorted.filter((finding) => finding.severity === 'error'),
    warnings: sorted.filter((finding) => finding.severity === 'warning'),
  }
}

type Names = 'utf-8' | 'legacy'

const GROUP_FIELDS = ['name', 'interval', 'query_offset', 'limit', 'labels', 'rules']
const RULE_FIELDS = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations']

function readGroups(reader: YamlReader, names: Names): GroupDefinition[] {
  const root = reader.root()
  if (reader.failed) return []
  const nodes = reader.list(reader.fields(root, 'the file', ['groups']).get('groups') ?? null, 'groups')
  const seen = new Set<string>()
  let rules = 0
  return nodes.flatMap((node) => {
    const group = readGroup(reader, node, names)
    if (group.name === '') reader.failAt(group.place, 'name', 'a group needs a name')
    else if (seen.has(group.name)) {
      reader.failAt(
        group.place,
        'name',
        `the group name ${JSON.stringify(group.name)} is repeated in the same file`,
      )
    }
    seen.add(group.name)
    rules += group.rules.length
    if (rules > RULES_MAX) reader.failAt(group.place, 'limit', `more than ${RULES_MAX} rules in one file`)
    return rules > RULES_MAX ? [] : [group]
  })
}

function readGroup(reader: YamlReader, node: YamlNode, names: Names): GroupDefinition {
  const fields = reader.fields(node, 'a group', GROUP_FIELDS)
  const field = (name: string): YamlNode => fields.get(name) ?? null
  const name = reader.text(field('name'), 'name') ?? ''
  const labels = readTexts(reader, field('labels'), 'labels', `group ${JSON.stringify(name)}`, names)
  const interval = reader.duration(field('interval'), 'interval')
  return {
    path: reader.path,
    name,
    // Prometheus takes 0 for "not said".
    interval: interval === 0 ? null : interval,
    queryOffset: reader.duration(field('query_offset'), 'query_offset'),
    limit: Math.max(0, reader.integer(field('limit'), 'limit') ?? 0),
    rules: reader
      .list(field('rules'), 'rules')
      .flatMap((rule, i) => readRule(reader, rule, { group: name, index: i + 1, labels, names }) ?? []),
    place: reader.place(node),
  }
}

interface RuleContext {
  readonly group: string
  readonly index: number
  readonly labels: readonly NamedText[]
  readonly names: Names
}

function readRule(reader: YamlReader, node: YamlNode, context: RuleContext): Rule | null {
  const fields = reader.fields(node, 'a rule', RULE_FIELDS)
  const field = (name: string): YamlNode => fields.get(name) ?? null
  const record = reader.text(field('record'), 'record') ?? ''
  const alert = reader.text(field('alert'), 'alert') ?? ''
  const name = alert || record
  const where = `group ${JSON.stringify(context.group)}, rule ${context.index}, ${JSON.stringify(name)}`
  const place = reader.place(node)
  const before = reader.findings.length
  const fail = (at: YamlNode, check: string, message: string): void =>
    reader.fail(at ?? node, check, `${where}: ${message}`)

  if (record !== '' && alert !== '') fail(node, 'name', "only one of 'record' and 'alert' must be set")
  if (record === '' && alert === '') fail(node, 'name', "one of 'record' or 'alert' must be set")
  if (record !== '') checkRecording(record, field, context.names, fail)
  const expr = readExpr(reader, field('expr'), where, node)
  const labels = overridden(
    context.labels,
    readTexts(reader, field('labels'), 'labels', where, context.names, record === ''),
  )
  const annotations = readTexts(reader, field('annotations'), 'annotations', where, context.names)
  const hold = reader.duration(field('for'), 'for')
  const keepFiring = reader.duration(field('keep_firing_for'), 'keep_firing_for')
  if (expr === null || reader.findings.length > before) return null

  const base = { name, ...expr, labels, place }
  return record !== ''
    ? { kind: 'recording', ...base }
    : {
        kind: 'alerting',
        ...base,
        hold: hold ?? (0 as Millis),
        keepFiring: keepFiring ?? (0 as Millis),
        annotations,
      }
}

const LEGACY_METRIC = /^[a-zA-Z_:][\w:]*$/
const LEGACY_LABEL = /^[a-zA-Z_]\w*$/

/** `for: 0s` says nothing, and Prometheus lets it stand. */
const isZero = (node: YamlNode): boolean => isScalar(node) && (node.source === '0' || node.source === '0s')

function checkRecording(
  record: string,
  field: (name: string) => YamlNode,
  names: Names,
  fail: (at: YamlNode, check: string, message: string) => void,
): void {
  for (const name of ['annotations', 'for', 'keep_firing_for']) {
    if (!isNothing(field(name)) && !isZero(field(name)))
      fail(field(name), 'field', `the field '${name}' has no place in a recording rule`)
  }
  if (!record.isWellFormed() || (names === 'legacy' && !LEGACY_METRIC.test(record))) {
    fail(field('record'), 'name', `not a metric name: ${JSON.stringify(record)}`)
  } else if (/[{}]/.test(record)) {
    fail(
      field('record'),
      'name',
      `braces in the recorded name ${JSON.stringify(record)}; did it mean to be the expr?`,
    )
  }
}

function readExpr(
  reader: YamlReader,
  node: YamlNode,
  where: string,
  rule: YamlNode,
): Pick<RuleBase, 'expr' | 'exprText' | 'exprPlace'> | null {
  const exprText = reader.text(node, 'expr')
  if (exprText === null) return null
  if (exprText === '') {
    reader.fail(node ?? rule, 'expression', `${where}: the field 'expr' must be set`)
    return null
  }
  try {
    return { expr: parse(exprText), exprText, exprPlace: (offset) => reader.placeInside(node, offset) }
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error
    reader.failAt(
      reader.placeInside(node, error.position.start),
      'expression',
      `${where}: could not parse expression: ${error.message}`,
    )
    return null
  }
}

/** A recording rule's labels are no templates. */
const literally = (text: string): Template => ({ expand: () => text })

function readTexts(
  reader: YamlReader,
  node: YamlNode,
  what: 'labels' | 'annotations',
  where: string,
  names: Names,
  templated = true,
): NamedText[] {
  return reader.texts(node, what).flatMap(({ name, text, key, value }) => {
    const valid = names === 'legacy' ? LEGACY_LABEL.test(name) : name !== '' && name.isWellFormed()
    if (!valid || (what === 'labels' && name === '__name__')) {
      reader.fail(
        key,
        'name',
        `${where}: invalid ${what === 'labels' ? 'label' : 'annotation'} name: ${JSON.stringify(name)}`,
      )
      return []
    }
    const template = templated ? parseAlertText : literally
    try {
      return { name, text, template: template(text), place: reader.place(value) }
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      reader.failAt(
        reader.placeInside(value, offsetOf(text, error)),
        'template',
        `${where}: ${what}.${name}: ${error.message}`,
      )
      return []
    }
  })
}

const overridden = (group: readonly NamedText[], own: readonly NamedText[]): NamedText[] => [
  ...group.filter(({ name }) => !own.some((label) => label.name === name)),
  ...own,
]

/** Labels as they are written, templates unexpanded: what a rule is told apart by, beside its name. */
export const writtenLabels = (rule: Rule): Labels =>
  Object.fromEntries(rule.labels.map(({ name, text }) => [name, text]))
