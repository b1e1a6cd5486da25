// Templates of users over Alertmanager's data, with its functions and the names of its own templates.
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/model/errors.ts'
import { NotifyConfig } from '../../src/notify/notify.ts'
import { createWording } from '../../src/notify/wording.ts'
import { firingNotification, resolvedNotification, severalNotification } from './receivers/sample.ts'

const wording = (files: Record<string, string> = {}) =>
  createWording(
    NotifyConfig.parse({
      route: { receiver: 'a' },
      receivers: [{ name: 'a' }],
      templates: Object.keys(files),
    }),
    { read: (file) => files[file]!, find: (pattern) => [pattern] },
  )
const say = (template: string, notification = severalNotification) =>
  wording().expand(template, notification, () => 'fallback')

describe('templates', () => {
  test.for([
    ['{{ .Status | toUpper }} {{ len .Alerts.Firing }}/{{ .Alerts | len }}', 'FIRING 2/2'],
    ['{{ range .Alerts }}{{ .Labels.alertname }} {{ .Labels.nothing }};{{ end }}', 'TableLate ;RunSlow ;'],
    ['{{ .GroupLabels.SortedPairs.Values | join " " }}', 'lake'],
    ['{{ .GroupLabels.Values.Join "-" }}', 'lake'],
    [
      '{{ range (index .Alerts 0).Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}',
      'alertname=TableLate severity=critical source=lake table=gold/orders ',
    ],
    [
      '{{ with (index .Alerts 0).Labels.Remove .GroupLabels.Names }}{{ .Names | join "," }}{{ end }}',
      'alertname,severity,table',
    ],
    ['{{ (index .Alerts 0).StartsAt.Format "15:04" }}', '08:00'],
    ['{{ (index .Alerts 0).Annotations.summary | title }}', 'Gold/Orders Is Late'],
    ['{{ reReplaceAll "o(r)d" "$1" "orders" }}', 'rers'],
    ['{{ .GroupLabels | toJson }}', '{"source":"lake"}'],
    [
      '{{ (index .Alerts 0).Observed }} / {{ (index .Alerts 0).Duration }}',
      '3 h 12 min since the last change / 3 h 12 min',
    ],
    ['{{ template "slack.default.title" . }}', '[FIRING] 2 kinds of alert: 5 alerts'],
    ['plain text', 'plain text'],
  ] as const)('%s', ([template, text]) => {
    expect(say(template)).toBe(text)
  })

  test('of files, by name', () => {
    const own = wording({ 'a.tmpl': '{{ define "team.title" }}Team: {{ .Headline }}{{ end }}' })

    expect(own.expand('{{ template "team.title" . }}', resolvedNotification, () => '')).toBe(
      'Team: Resolved: TableLate: table gold/orders after 3 h 12 min',
    )
  })

  test('that fail still tell', () => {
    expect(say('{{ index .Alerts 99 }}', firingNotification)).toMatch(
      /^fallback\n<error expanding template: /,
    )
  })

  test('that do not parse are refused at the start', () => {
    const config = NotifyConfig.parse({
      route: { receiver: 'a' },
      receivers: [{ name: 'a', slack_configs: [{ api_url: 'http://x', title: '{{ .Status' }] }],
    })

    expect(() => createWording(config, { read: () => '', find: () => [] })).toThrow(ConfigError)
  })
})
