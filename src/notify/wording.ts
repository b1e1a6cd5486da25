// Texts of messages: the user's templates over Alertmanager's data and functions, or our own words.
import type { LocalFiles } from '../io/files.ts'
import { ConfigError, explainError } from '../model/errors.ts'
import type { NotifiedAlert, Notification } from '../model/notice.ts'
import type { Labels } from '../model/series.ts'
import { SECOND, timestamp } from '../model/units.ts'
import {
  type Environment,
  type Template,
  type TemplateFunction,
  type Value,
  moment,
  parseTemplate,
  textFunctions,
  withMethods,
} from '../template/template.ts'
import type { NotifyConfig } from './config.ts'
import { type Wording, headlineOf, storyOf, textOf } from './receivers/wording.ts'

const text = (value: Value | undefined): string => {
  if (typeof value === 'string') return value
  throw new Error(`expected a string`)
}
const texts = (value: Value | undefined): readonly string[] => {
  if (Array.isArray(value)) return value.map((one) => text(one as Value))
  throw new Error('expected a list of strings')
}

/** Alertmanager's functions beyond those that it shares with rules. */
const functions: Readonly<Record<string, TemplateFunction>> = {
  ...textFunctions,
  trimSpace: (value) => text(value).trim(),
  join: (separator, list) => texts(list).join(text(separator)),
  safeUrl: (value) => text(value),
  urlUnescape: (value) => decodeURIComponent(text(value).replaceAll('+', ' ')),
  stringSlice: (...values) => values.map(text),
  list: (...values) => values,
  append: (list, ...values) => [...(list as readonly Value[]), ...values],
  toJson: (value) => JSON.stringify(plain(value ?? null)),
}
const ENVIRONMENT: Environment = { functions, variables: [] }

function plain(value: Value): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, one]) => [key, plain(one as Value)]))
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'object' && value !== null && 'print' in value ? value.print() : value
}

/** The names that Alertmanager's own templates have, so that a file that refers to them loads; the words are ours. */
const DEFAULTS = [
  ['__subject', '[{{ .Status | toUpper }}] {{ .Headline }}'],
  ['__alertmanager', 'Tidemark'],
  ['__alertmanagerURL', '{{ .ExternalURL }}'],
  ['__text_alert_list', '{{ range . }}{{ .Text }}\n{{ end }}'],
  ...['slack', 'pagerduty', 'opsgenie', 'sns', 'email', 'msteams', 'msteamsv2'].flatMap((kind) => [
    ...['title', 'subject', 'message', 'fallback', 'summary'].map((name) => [
      `${kind}.default.${name}`,
      '{{ template "__subject" . }}',
    ]),
    ...['text', 'description', 'instances', 'html'].map((name) => [`${kind}.default.${name}`, '{{ .Text }}']),
    ...['titlelink', 'clientURL', 'source'].map((name) => [`${kind}.default.${name}`, '{{ .ExternalURL }}']),
    ...['username', 'client'].map((name) => [`${kind}.default.${name}`, 'Tidemark']),
    ...['iconemoji', 'iconurl', 'pretext', 'footer', 'callbackid'].map((name) => [
      `${kind}.default.${name}`,
      '',
    ]),
    [`${kind}.default.color`, '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}'],
  ]),
]
  .map(([name, body]) => `{{ define "${name}" }}${body}{{ end }}`)
  .join('')

/** Throws ConfigError when a template file or a template in a receiver does not parse. */
export function createWording(config: NotifyConfig, files: LocalFiles): Wording {
  const own = config.templates.flatMap((pattern) => files.find(pattern)).map((file) => files.read(file))
  const definitions = DEFAULTS + own.join('')
  const known = new Map<string, Template>()
  const compiled = (source: string): Template => {
    const template = known.get(source) ?? parseTemplate(definitions + source, ENVIRONMENT)
    known.set(source, template)
    return template
  }
  for (const receiver of config.receivers) checkTemplates(receiver, `receiver ${receiver.name}`, compiled)
  return {
    expand(template, notification, fallback) {
      if (template === undefined) return fallback(notification)
      if (!template.includes('{{')) return template
      try {
        return compiled(template).expand(dataOf(notification), {})
      } catch (error) {
        // A page with a broken template is still a page.
        return `${fallback(notification)}\n<error expanding template: ${explainError(error)}>`
      }
    },
  }
}

function checkTemplates(value: unknown, where: string, compiled: (source: string) => Template): void {
  if (typeof value === 'string' && value.includes('{{')) {
    try {
      compiled(value)
    } catch (error) {
      throw new ConfigError(`${where}: ${explainError(error)}`, { cause: error })
    }
  } else if (Array.isArray(value)) {
    for (const [i, one] of value.entries()) checkTemplates(one, `${where}[${i}]`, compiled)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) checkTemplates(one, `${where}.${key}`, compiled)
  }
}

function dataOf(notification: Notification): Value {
  const alerts = notification.alerts.map((alert) => alertOf(alert, notification))
  return new Map<string, Value>([
    ['Receiver', notification.receiver],
    ['Status', notification.status],
    ['NotificationReason', notification.reason],
    [
      'Alerts',
      withMethods(alerts, {
        Firing: () => withStatus(alerts, 'firing'),
        Resolved: () => withStatus(alerts, 'resolved'),
      }),
    ],
    ['GroupLabels', pairs(notification.groupLabels)],
    ['CommonLabels', pairs(notification.commonLabels)],
    ['CommonAnnotations', pairs(notification.commonAnnotations)],
    ['ExternalURL', notification.externalUrl],
    ['Headline', headlineOf(notification)],
    ['Text', textOf(notification)],
  ])
}

const withStatus = (alerts: readonly Value[], status: string): Value =>
  alerts.filter((alert) => alert instanceof Map && alert.get('Status') === status)

function alertOf(alert: NotifiedAlert, notification: Notification): Value {
  const story = storyOf(alert, notification.at)
  return new Map<string, Value>([
    ['Status', alert.status],
    ['Labels', pairs(alert.labels)],
    ['Annotations', pairs(alert.annotations)],
    ['StartsAt', moment(alert.startsAt)],
    ['EndsAt', moment(alert.endsAt ?? timestamp(-62_135_596_800 * SECOND))],
    ['GeneratorURL', alert.generatorUrl],
    ['Fingerprint', alert.fingerprint],
    ['Observed', story.observed],
    ['Expected', story.expected],
    ['Since', story.since],
    ['Duration', story.duration],
    ['Subject', story.subject],
    ['Source', story.source],
    ['Reason', story.reason],
    ['Next', story.next],
    ['Text', textOf({ ...notification, alerts: [alert], truncatedAlerts: 0 })],
  ])
}

/** Go's KV: a map with SortedPairs, Names, Values and Remove; alertname comes first. */
function pairs(labels: Labels): Value {
  const first = Object.keys(labels).filter((name) => name === 'alertname')
  const names = [
    ...first,
    ...Object.keys(labels)
      .filter((name) => name !== 'alertname')
      .toSorted(),
  ]
  const strings = (list: readonly string[]): Value =>
    withMethods([...list], { Join: (separator) => list.join(text(separator)) })
  const methods: Record<string, TemplateFunction> = {
    Names: () => strings(names),
    Values: () => strings(names.map((name) => labels[name]!)),
  }
  return withMethods(new Map<string, Value>(Object.entries(labels)), {
    ...methods,
    Remove: (list) => {
      const removed = new Set(texts(list))
      return pairs(Object.fromEntries(Object.entries(labels).filter(([name]) => !removed.has(name))))
    },
    SortedPairs: () =>
      withMethods(
        names.map(
          (name) =>
            new Map([
              ['Name', name],
              ['Value', labels[name]!],
            ]),
        ),
        methods,
      ),
  })
}
