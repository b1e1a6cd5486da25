// `tidemark alerts`, `explain`, `silence`, `ack`: what fires, why somebody was (not) told, and how to mute it.
import os from 'node:os'
import { z } from 'zod'
import { type Alert, Alerts, type Silence, Silences } from '../api/client.ts'
import { systemClock } from '../io/clock.ts'
import { ConfigError } from '../model/errors.ts'
import { printable } from '../model/text.ts'
import { between, parseDuration, readableDuration } from '../model/units.ts'
import { type Shell, print } from './command.ts'
import { type DaemonOptions, asksDaemon, clientOf } from './daemon.ts'
import { renderExplanations } from './explanation.ts'

const Made = z.object({ silenceID: z.string() })

export function alertsCommand({ program, finish }: Shell): void {
  asksDaemon(program.command('alerts').description('what fires now')).action(
    async (options: DaemonOptions) => {
      const answer = await clientOf(options).get('/api/v2/alerts')
      const alerts = Alerts.parse(answer)
      print(options.json ? `${JSON.stringify(answer, null, 2)}\n` : renderAlerts(alerts))
      finish(alerts.some(({ status }) => status.state === 'active') ? 1 : 0)
    },
  )
  asksDaemon(
    program
      .command('explain')
      .description('why somebody was, or was not, told of an alert')
      .argument('<alert>', 'its name or fingerprint'),
  ).action(async (alert: string, options: DaemonOptions) => {
    const answer = await clientOf(options).get(`/api/tidemark/explain/${encodeURIComponent(alert)}`)
    print(
      options.json ? `${JSON.stringify(answer, null, 2)}\n` : renderExplanations(answer, systemClock.now()),
    )
  })
  asksDaemon(
    program
      .command('ack')
      .description('acknowledge an alert: no repeats until it resolves')
      .argument('<fingerprint>')
      .option('--by <name>', 'who', os.userInfo().username)
      .option('--comment <text>', 'why', ''),
  ).action(async (fingerprint: string, options: DaemonOptions & { by: string; comment: string }) => {
    const path = `/api/tidemark/alerts/${encodeURIComponent(fingerprint)}/acknowledge`
    const body = { createdBy: options.by, comment: options.comment }
    const { silenceID } = Made.parse(await clientOf(options).send('POST', path, body))
    print(`${silenceID}\n`)
  })
  silenceCommand(program.command('silence').description('mute alerts for a time'))
}

interface AddOptions extends DaemonOptions {
  readonly for: string
  readonly by: string
  readonly comment: string
  readonly during?: string[]
  readonly untilResolved?: true
}

function silenceCommand(silence: Shell['program']): void {
  asksDaemon(
    silence
      .command('add')
      .description('print the id of a new silence')
      .argument('<matchers...>', `what it mutes, such as alertname=TableOverdue 'table=~"gold/.*"'`)
      .option('--for <length>', 'how long it lasts', '2h')
      .option('--by <name>', 'who', os.userInfo().username)
      .requiredOption('--comment <text>', 'why')
      .option(
        '--during <intervals...>',
        'only inside these time intervals of the configuration: maintenance that recurs',
      )
      .option('--until-resolved', 'ends by itself when what it mutes has resolved'),
  ).action(async (matchers: string[], options: AddOptions) => {
    const length = parseDuration(options.for)
    if (length === undefined)
      throw new ConfigError(`--for: expected a duration such as 2h, found ${JSON.stringify(options.for)}`)
    const { parseMatchers } = await import('../notify/notify.ts')
    const now = systemClock.now()
    const body = {
      matchers: matchers
        .flatMap((text) => parseMatchers(text))
        .map(({ name, op, value }) => ({
          name,
          value,
          isRegex: op.endsWith('~'),
          isEqual: op.startsWith('='),
        })),
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + length).toISOString(),
      createdBy: options.by,
      comment: options.comment,
      ...(options.during === undefined ? {} : { during: options.during }),
      ...(options.untilResolved ? { untilResolved: true } : {}),
    }
    const { silenceID } = Made.parse(await clientOf(options).send('POST', '/api/v2/silences', body))
    print(`${silenceID}\n`)
  })
  asksDaemon(silence.command('list').description('silences that are active or pending')).action(
    async (options: DaemonOptions) => {
      const answer = await clientOf(options).get('/api/v2/silences', { expired: 'false' })
      print(
        options.json ? `${JSON.stringify(answer, null, 2)}\n` : await renderSilences(Silences.parse(answer)),
      )
    },
  )
  asksDaemon(silence.command('expire').description('end a silence now').argument('<id>')).action(
    async (id: string, options: DaemonOptions) => {
      await clientOf(options).send('DELETE', `/api/v2/silence/${encodeURIComponent(id)}`)
      print(`${id} expired\n`)
    },
  )
}

function renderAlerts(alerts: readonly Alert[]): string {
  if (alerts.length === 0) return 'nothing fires\n'
  return alerts
    .map(({ fingerprint, labels, annotations, startsAt, status, receivers }) => {
      const { alertname = '', severity = '', ...rest } = labels
      const age = readableDuration(between(startsAt, systemClock.now()))
      const muted = status.state === 'active' ? '' : `, ${status.state}`
      return [
        `${glyph(severity)} ${printable(alertname)}  ${printable(annotations['summary'] ?? '')}`,
        `    ${printable(severity || 'no severity')}${muted}, for ${age}, to ${receivers.map(({ name }) => printable(name)).join(', ')}, ${fingerprint}`,
        `    ${printable(
          Object.entries(rest)
            .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
            .join(' '),
          300,
        )}`,
      ].join('\n')
    })
    .join('\n')
    .concat('\n')
}

const glyph = (severity: string): string =>
  severity === 'warn' || severity === 'warning' ? '▲' : severity === 'info' ? '●' : '✖'

async function renderSilences(silences: readonly Silence[]): Promise<string> {
  const { printMatcher } = await import('../notify/notify.ts')
  if (silences.length === 0) return 'no silences\n'
  return silences
    .map(({ id, status, matchers, endsAt, createdBy, comment }) => {
      const text = matchers
        .map(({ name, value, isRegex, isEqual }) =>
          printMatcher({ name, value, op: isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=' }),
        )
        .join(', ')
      return `${id}  ${status.state} until ${new Date(endsAt).toISOString()}  ${printable(text)}  ${printable(createdBy)}: ${printable(comment)}`
    })
    .join('\n')
    .concat('\n')
}
