// Labels and annotations of alerts: Prometheus's template data and the functions that need more than their arguments.
import type { Labels } from '../model/series.ts'
import type { Timestamp } from '../model/units.ts'
import {
  type Template,
  type TemplateFunction,
  type Value,
  TemplateError,
  escapeQuery,
  parseTemplate,
  takes,
  textFunctions,
} from '../template/template.ts'
import type { Query, Vector } from './query.ts'

/** Different queries that one text may ask. */
const QUERIES_MAX = 32

/** What every alert of this process knows of its surroundings. */
export interface External {
  readonly labels: Labels
  readonly url: string
}

const toMap = (labels: Labels): ReadonlyMap<string, string> => new Map(Object.entries(labels))

interface Row {
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}
const rows = new WeakMap<object, Row>()

function rowOf(value: Value): Row {
  const row = typeof value === 'object' && value !== null ? rows.get(value) : undefined
  if (row === undefined) throw new Error('expected a sample of a query result')
  return row
}

function toRows(vector: Vector): Value {
  return vector.map(({ labels, value }) => {
    const row = { labels: toMap(labels), value }
    const struct = {
      type: '*template.sample',
      print: () => String(value),
      fields: { Labels: row.labels, Value: value },
    }
    rows.set(struct, row)
    return struct
  })
}

const unavailable =
  (name: string): TemplateFunction =>
  () => {
    throw new Error(`${name} is not available here`)
  }

const link = (tab: number): TemplateFunction =>
  takes(['string'], (expr) => `/graph?g0.expr=${escapeQuery(expr)}&g0.tab=${tab}`)

/** Where an expression can be looked at: Prometheus's graph page. */
export const generatorUrl = (base: string, expr: string): string =>
  `${base.replace(/\/$/, '')}/graph?g0.expr=${escapeQuery(expr)}&g0.tab=1`

const rowFunctions: Readonly<Record<string, TemplateFunction>> = {
  first: takes(['list'], (list) => {
    if (list.length === 0) throw new Error('first() called on vector with no elements')
    return list[0]!
  }),
  label: takes(['string', 'any'], (name, row) => rowOf(row).labels.get(name) ?? ''),
  value: takes(['any'], (row) => rowOf(row).value),
  strvalue: takes(['any'], (row) => rowOf(row).labels.get('__value__') ?? ''),
  sortByLabel: takes(['string', 'list'], (name, list) => {
    const key = (row: Value): string => rowOf(row).labels.get(name) ?? ''
    return list.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
  }),
  graphLink: link(0),
  tableLink: link(1),
  query: unavailable('query'),
  externalURL: unavailable('externalURL'),
  pathPrefix: unavailable('pathPrefix'),
  now: unavailable('now'),
}

/** Throws TemplateError: an unknown function or variable is found here, not when the alert fires. */
export const parseAlertText = (text: string): Template =>
  parseTemplate(text, {
    functions: { ...textFunctions, ...rowFunctions },
    variables: ['$labels', '$externalLabels', '$externalURL', '$value'],
  })

export interface AlertTextData {
  /** Of the sample, with `__name__`. */
  readonly labels: Labels
  readonly value: number
  readonly external: External
}

class Unanswered extends Error {
  readonly expr: string
  constructor(expr: string) {
    super(`query ${expr}`)
    this.expr = expr
  }
}

/**
 * Expands a text; what fails is said in the text, so that the alert still fires. Expansion itself is synchronous:
 * a query that is not answered yet interrupts it, is asked, and the text is expanded again.
 */
export async function expandAlertText(
  template: Template,
  data: AlertTextData,
  query: Query,
  at: Timestamp,
): Promise<string> {
  const { external } = data
  const labels = toMap(data.labels)
  const externalLabels = toMap(external.labels)
  const dot: Value = {
    type: 'template data',
    print: () => '',
    fields: { Labels: labels, ExternalLabels: externalLabels, ExternalURL: external.url, Value: data.value },
  }
  const variables = {
    $labels: labels,
    $externalLabels: externalLabels,
    $externalURL: external.url,
    $value: data.value,
  }
  const answers = new Map<string, Value>()
  const functions: Record<string, TemplateFunction> = {
    query: takes(['string'], (expr) => {
      const answer = answers.get(expr)
      if (answer === undefined) throw new Unanswered(expr)
      return answer
    }),
    externalURL: () => external.url,
    pathPrefix: () => (URL.canParse(external.url) ? new URL(external.url).pathname : ''),
    now: () => at / 1000,
  }
  for (;;) {
    try {
      return template.expand(dot, variables, functions)
    } catch (error) {
      const asked = error instanceof TemplateError ? error.cause : undefined
      if (!(asked instanceof Unanswered)) return failed(error)
      if (answers.size >= QUERIES_MAX) return failed(new Error(`more than ${QUERIES_MAX} queries`))
      try {
        answers.set(asked.expr, toRows(await query(asked.expr, at)))
      } catch (failure) {
        return failed(failure)
      }
    }
  }
}

const failed = (error: unknown): string =>
  `<error expanding template: ${error instanceof Error ? error.message : 'unknown'}>`
