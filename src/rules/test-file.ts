// Unit-test files for rules, in promtool's format, read strictly (Prometheus: "Unit testing for rules").
import type { Labels } from '../model/series.ts'
import { type Millis, type Timestamp, MINUTE, millis, timestamp } from '../model/units.ts'
import { type Expr, PromqlError, parse } from '../promql/promql.ts'
import type { RuleFileText } from './rule-file.ts'
import { type Point, parseMetric, parseValues } from './series-notation.ts'
import { type Place, YamlReader, type YamlNode, isNothing } from './yaml-reader.ts'

export interface TestFile {
  readonly path: string
  /** Globs, relative to the file. */
  readonly ruleFiles: readonly string[]
  readonly evaluationInterval: Millis
  readonly groupOrder: readonly string[]
  /** Floats may differ in their last bit. */
  readonly fuzzy: boolean
  readonly tests: readonly UnitTest[]
}

export interface InputSeries {
  readonly labels: Labels
  readonly points: readonly Point[]
  readonly native: boolean
}

export interface AlertTest {
  readonly at: Millis
  readonly alertname: string
  readonly expected: ReadonlyArray<{ readonly labels: Labels; readonly annotations: Labels }>
  readonly place: Place
}

export interface ExprTest {
  readonly at: Millis
  readonly expr: Expr
  readonly exprText: string
  readonly expected: ReadonlyArray<{ readonly labels: Labels; readonly value: number }>
  /** A native histogram is expected. */
  readonly native: boolean
  readonly place: Place
}

export interface UnitTest {
  readonly name: string
  readonly interval: Millis
  readonly start: Timestamp
  readonly series: readonly InputSeries[]
  readonly alertTests: readonly AlertTest[]
  readonly exprTests: readonly ExprTest[]
  readonly externalLabels: Labels
  readonly externalUrl: string
  readonly place: Place
}

const FILE = ['rule_files', 'evaluation_interval', 'group_eval_order', 'fuzzy_compare', 'tests']
const TEST = [
  'name',
  'interval',
  'start_timestamp',
  'input_series',
  'alert_rule_test',
  'promql_expr_test',
  'external_labels',
  'external_url',
]

/** The findings of the reader say what is wrong; with an error among them the file is not run. */
export function readTestFile(
  { path, text }: RuleFileText,
  ignoreUnknownFields: boolean,
): { file: TestFile; reader: YamlReader } {
  const reader = new YamlReader(path, text, { ignoreUnknownFields })
  const fields = reader.fields(reader.root(), 'the file', FILE)
  const field = (name: string): YamlNode => fields.get(name) ?? null
  const texts = (name: string): string[] =>
    reader.list(field(name), name).map((node) => reader.text(node, name) ?? '')
  const interval = reader.duration(field('evaluation_interval'), 'evaluation_interval')
  const evaluationInterval = interval === null || interval === 0 ? MINUTE : interval
  const file: TestFile = {
    path,
    ruleFiles: texts('rule_files'),
    evaluationInterval,
    groupOrder: texts('group_eval_order'),
    fuzzy: flag(reader, field('fuzzy_compare')),
    tests: reader
      .list(field('tests'), 'tests')
      .map((node, i) => readTest(reader, node, i, evaluationInterval)),
  }
  file.groupOrder.forEach((name, i) => {
    if (file.groupOrder.indexOf(name) < i)
      reader.fail(field('group_eval_order'), 'field', `group name repeated in evaluation order: ${name}`)
  })
  return { file, reader }
}

function flag(reader: YamlReader, node: YamlNode): boolean {
  const text = reader.text(node, 'fuzzy_compare')
  if (text !== null && !/^(true|false|)$/i.test(text))
    reader.fail(node, 'type', `fuzzy_compare must be true or false, found ${JSON.stringify(text)}`)
  return text !== null && /^true$/i.test(text)
}

function readTest(reader: YamlReader, node: YamlNode, index: number, evaluationInterval: Millis): UnitTest {
  const fields = reader.fields(node, 'a test', TEST)
  const field = (name: string): YamlNode => fields.get(name) ?? null
  const interval = reader.duration(field('interval'), 'interval')
  return {
    name: reader.text(field('name'), 'name') || `test ${index + 1}`,
    interval: interval === null || interval === 0 ? evaluationInterval : interval,
    start: readStart(reader, field('start_timestamp')),
    series: reader.list(field('input_series'), 'input_series').map((series) => readSeries(reader, series)),
    alertTests: reader
      .list(field('alert_rule_test'), 'alert_rule_test')
      .map((test) => readAlertTest(reader, test)),
    exprTests: reader
      .list(field('promql_expr_test'), 'promql_expr_test')
      .flatMap((test) => readExprTest(reader, test)),
    externalLabels: readLabels(reader, field('external_labels'), 'external_labels'),
    externalUrl: reader.text(field('external_url'), 'external_url') ?? '',
    place: reader.place(node),
  }
}

const readLabels = (reader: YamlReader, node: YamlNode, what: string): Labels =>
  Object.fromEntries(reader.texts(node, what).map(({ name, text }) => [name, text]))

/** RFC 3339, or seconds since 1970. */
function readStart(reader: YamlReader, node: YamlNode): Timestamp {
  if (isNothing(node)) return timestamp(0)
  const text = reader.text(node, 'start_timestamp') ?? ''
  const at = /^-?\d+(\.\d+)?$/.test(text)
    ? Number(text) * 1000
    : /^\d{4}-\d\d-\d\d[Tt]/.test(text)
      ? Date.parse(text)
      : NaN
  if (Number.isNaN(at))
    reader.fail(
      node,
      'type',
      `start_timestamp: not a time: ${JSON.stringify(text)}; write 2024-01-01T00:00:00Z or seconds`,
    )
  return timestamp(Math.round(at))
}

function readSeries(reader: YamlReader, node: YamlNode): InputSeries {
  const fields = reader.fields(node, 'an input series', ['series', 'values'])
  const seriesNode = fields.get('series') ?? null
  const metric = parseMetric(reader.text(seriesNode, 'series') ?? '')
  if (!metric.ok) reader.fail(seriesNode ?? node, 'series', `series: ${metric.message}`)
  const valuesNode = fields.get('values') ?? null
  const values = parseValues(reader.text(valuesNode, 'values') ?? '')
  if (!values.ok) reader.fail(valuesNode ?? node, 'series', `values: ${values.message}`)
  return {
    labels: metric.ok ? metric.labels : {},
    points: values.ok ? values.points : [],
    native: values.ok && values.native,
  }
}

function readAlertTest(reader: YamlReader, node: YamlNode): AlertTest {
  const fields = reader.fields(node, 'an alert test', ['eval_time', 'alertname', 'exp_alerts'])
  const field = (name: string): YamlNode => fields.get(name) ?? null
  const alertname = reader.text(field('alertname'), 'alertname') ?? ''
  if (alertname === '') reader.fail(node, 'field', 'an alert test needs an alertname')
  return {
    at: reader.duration(field('eval_time'), 'eval_time') ?? millis(0),
    alertname,
    expected: reader.list(field('exp_alerts'), 'exp_alerts').map((alert) => {
      const inner = reader.fields(alert, 'an expected alert', ['exp_labels', 'exp_annotations'])
      return {
        labels: { ...readLabels(reader, inner.get('exp_labels') ?? null, 'exp_labels'), alertname },
        annotations: readLabels(reader, inner.get('exp_annotations') ?? null, 'exp_annotations'),
      }
    }),
    place: reader.place(node),
  }
}

function readExprTest(reader: YamlReader, node: YamlNode): ExprTest[] {
  const fields = reader.fields(node, 'an expression test', ['expr', 'eval_time', 'exp_samples'])
  const field = (name: string): YamlNode => fields.get(name) ?? null
  const exprText = reader.text(field('expr'), 'expr') ?? ''
  const at = reader.duration(field('eval_time'), 'eval_time') ?? millis(0)
  let native = false
  const expected = reader.list(field('exp_samples'), 'exp_samples').map((sample) => {
    const inner = reader.fields(sample, 'an expected sample', ['labels', 'value', 'histogram'])
    const labelsNode = inner.get('labels') ?? null
    const metric = parseMetric(reader.text(labelsNode, 'labels') ?? '')
    if (!metric.ok) reader.fail(labelsNode, 'series', `labels: ${metric.message}`)
    native ||= !isNothing(inner.get('histogram'))
    return { labels: metric.ok ? metric.labels : {}, value: readValue(reader, inner.get('value') ?? null) }
  })
  try {
    return [{ at, expr: parse(exprText), exprText, expected, native, place: reader.place(node) }]
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error
    reader.failAt(
      reader.placeInside(field('expr') ?? node, error.position.start),
      'expression',
      `expr: ${error.message}`,
    )
    return []
  }
}

/** YAML's floats: `.inf`, `-.Inf` and `.nan` too. */
function readValue(reader: YamlReader, node: YamlNode): number {
  if (isNothing(node)) return 0
  const text = (reader.text(node, 'value') ?? '').replaceAll('_', '')
  const special = /^([+-]?)\.?(inf|nan)$/i.exec(text)
  if (special) return special[2]!.toLowerCase() === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity
  const value = text === '' ? NaN : Number(text)
  if (Number.isNaN(value)) reader.fail(node, 'type', `value must be a number, found ${JSON.stringify(text)}`)
  return value
}
