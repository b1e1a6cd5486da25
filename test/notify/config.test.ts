// An alertmanager.yml as it is, or what is wrong with it and where.
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseNotifyConfig } from '../../src/config/config.ts'
import { NotifyConfig } from '../../src/notify/notify.ts'
import { compileRoute, groupKeyOf, groupLabelsOf, routesOf } from '../../src/notify/route.ts'

const FULL = `
global:
  resolve_timeout: 10m
  smtp_smarthost: localhost:25
  smtp_from: alerts@example.org
  smtp_auth_password: hunter2-canary
  slack_api_url: https://hooks.slack.com/services/T0/B0/hunter2-canary
templates: ['/etc/alertmanager/template/*.tmpl']
route:
  group_by: [alertname, cluster]
  group_wait: 30s
  receiver: team
  routes:
    - matchers: ['service=~"foo1|foo2"']
      receiver: mails
      routes:
        - match: { severity: critical }
          receiver: pager
          group_by: ['...']
          continue: true
        - match_re: { severity: crit.* }
          receiver: slack
    - matchers: [owner="db"]
      receiver: pager
      mute_time_intervals: [weekend]
inhibit_rules:
  - { source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [alertname] }
time_intervals:
  - { name: weekend, time_intervals: [ { weekdays: ['saturday', 'sunday'] } ] }
receivers:
  - { name: team, webhook_configs: [ { url: 'http://example.org/' } ] }
  - { name: mails, email_configs: [ { to: a@example.org, send_resolved: true } ] }
  - { name: pager, pagerduty_configs: [ { routing_key: hunter2-canary } ] }
  - { name: slack, slack_configs: [ { channel: '#a', title: '{{ template "slack.default.title" . }}' } ] }
  - { name: nobody }
`

describe('loads', () => {
  test('an existing file', () => {
    const config = parseNotifyConfig('alertmanager.yml', FULL)

    expect(config.receivers.map(({ name }) => name)).toEqual(['team', 'mails', 'pager', 'slack', 'nobody'])
  })

  test('nothing: everything goes to the log', () => {
    expect(NotifyConfig.parse(undefined).receivers).toEqual([
      { name: 'log', log_configs: [{ send_resolved: true }] },
    ])
  })

  test('and never shows a secret', () => {
    const config = parseNotifyConfig('alertmanager.yml', FULL)
    const shown = [
      inspect(config, { depth: 20 }),
      JSON.stringify(config),
      JSON.stringify(z.encode(NotifyConfig, config)),
    ]

    expect(shown.join('\n')).not.toContain('hunter2-canary')
    expect(shown[2]).toContain('<redacted>')
  })
})

describe('refuses', () => {
  const base = 'route: { receiver: a }\nreceivers:\n  - name: a\n'
  test.for([
    [
      'a kind that we do not have',
      `${base}    telegram_configs: [ { chat_id: 1 } ]`,
      'alertmanager.yml:4:5: receivers.0.telegram_configs: the receiver kind telegram_configs is not supported; supported are alertmanager_configs, ',
    ],
    [
      'an unknown field of a receiver',
      `${base}    webhook_configs:\n      - { url: 'http://a', urll: x }`,
      'alertmanager.yml:5:28: receivers.0.webhook_configs.0.urll: unknown field "urll"',
    ],
    [
      'an unknown receiver',
      'route:\n  receiver: b\nreceivers: [ { name: a } ]',
      'alertmanager.yml:2:3: route.receiver: the receiver b is not defined',
    ],
    [
      'a root without receiver',
      'route: {}\nreceivers: [ { name: a } ]',
      'alertmanager.yml:1:1: route: the root route needs a receiver',
    ],
    [
      'a root with matchers',
      'route: { receiver: a, matchers: [a=b] }\nreceivers: [ { name: a } ]',
      'alertmanager.yml:1:23: route.matchers: the root route takes every alert and cannot have matchers',
    ],
    [
      'a bad matcher',
      'route:\n  receiver: a\n  routes:\n    - matchers: ["a=~("]\nreceivers: [ { name: a } ]',
      'alertmanager.yml:4:18: route.routes.0.matchers.0: ',
    ],
    [
      'a bad duration',
      'route: { receiver: a, group_wait: 1 minute }\nreceivers: [ { name: a } ]',
      'alertmanager.yml:1:23: route.group_wait: expected a duration',
    ],
    [
      'an interval that is not defined',
      'route: { receiver: a, routes: [ { mute_time_intervals: [x] } ] }\nreceivers: [ { name: a } ]',
      'alertmanager.yml:1:35: route.routes.0.mute_time_intervals: the time interval x is not defined',
    ],
    [
      'two receivers of a name',
      'route: { receiver: a }\nreceivers: [ { name: a }, { name: a } ]',
      'alertmanager.yml:2:29: receivers.1.name: the receiver a is defined twice',
    ],
    ['YAML that is none', 'route: {', 'alertmanager.yml:1:9: '],
    [
      'a label twice in group_by',
      'route: { receiver: a, group_by: [x, x] }\nreceivers: [ { name: a } ]',
      'alertmanager.yml:1:23: route.group_by: a label is named twice',
    ],
  ] as const)('%s', ([, text, message]) => {
    expect(() => parseNotifyConfig('alertmanager.yml', text)).toThrow(message)
  })
})

describe('routes', () => {
  const root = compileRoute(parseNotifyConfig('alertmanager.yml', FULL).route)
  const lead = (labels: Record<string, string>) =>
    routesOf(root, labels).map(
      (route) => `${route.receiver} ${groupKeyOf(route, groupLabelsOf(route, labels))}`,
    )

  test.for([
    [{ alertname: 'x' }, ['team {}:{alertname="x"}']],
    [{ alertname: 'x', service: 'foo1' }, ['mails {}/{service=~"foo1|foo2"}:{alertname="x"}']],
    [
      { alertname: 'x', service: 'foo2', severity: 'critical' },
      [
        'pager {}/{service=~"foo1|foo2"}/{severity="critical"}:{alertname="x", service="foo2", severity="critical"}',
        'slack {}/{service=~"foo1|foo2"}/{severity=~"^(?:crit.*)$"}:{alertname="x"}',
      ],
    ],
    [{ alertname: 'x', owner: 'db', cluster: 'c' }, ['pager {}/{owner="db"}:{alertname="x", cluster="c"}']],
  ] as const)('%o', ([labels, expected]) => {
    expect(lead(labels as Record<string, string>)).toEqual(expected)
  })
})
