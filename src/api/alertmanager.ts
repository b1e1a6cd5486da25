// Alertmanager's API under /api/v2 (amtool, karma and Grafana speak it), and what we add: explanations and acknowledgements.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RE2JS } from 're2js'
import { stringify } from 'yaml'
import { z } from 'zod'
import { ConfigError, explainError } from '../model/errors.ts'
import type { Alert } from '../model/alert.ts'
import type { SilenceFact } from '../model/notice.ts'
import { REDACTED } from '../model/secret.ts'
import type { Matcher } from '../model/series.ts'
import { type Timestamp, plus, timestamp } from '../model/units.ts'
import {
  type AlertStatus,
  type Notifier,
  NotifyConfig,
  RESOLVE_TIMEOUT,
  acknowledgement,
  matchesAll,
  parseMatchers,
} from '../notify/notify.ts'

/** amtool looks at it before it decides what to ask. */
const SPOKEN_VERSION = '0.25.0'
const MAX_ALERTS = 10_000
const LABEL = /^[^\p{Cc}]{1,1024}$/u

export interface AlertmanagerApi {
  readonly notifier: Notifier
  readonly now: () => Timestamp
  readonly startedAt: Timestamp
  readonly version: string
}

/** Foreign JSON: only what we look at. */
const Moment = z.iso.datetime({ offset: true }).transform((text) => timestamp(Date.parse(text)))
/** Go's zero time stands for none. */
const MaybeMoment = Moment.optional().transform((at) => (at === undefined || at <= 0 ? undefined : at))
const LabelSet = z.record(z.string().regex(LABEL, 'expected a label name'), z.string().max(16_384))
const PostableAlert = z.object({
  labels: LabelSet,
  annotations: LabelSet.optional(),
  startsAt: MaybeMoment,
  endsAt: MaybeMoment,
  generatorURL: z.string().max(16_384).optional(),
})
const PostableSilence = z.object({
  id: z.string().optional(),
  matchers: z
    .array(
      z.object({
        name: z.string().min(1),
        value: z.string(),
        isRegex: z.boolean(),
        isEqual: z.boolean().prefault(true),
      }),
    )
    .min(1),
  startsAt: Moment,
  endsAt: Moment,
  createdBy: z.string(),
  comment: z.string(),
  annotations: LabelSet.optional(),
  // Ours.
  during: z.array(z.string()).optional(),
  untilResolved: z.boolean().optional(),
})
const Acknowledgement = z.object({ createdBy: z.string().min(1), comment: z.string().prefault('') })

type Query = Readonly<Record<string, string | string[] | undefined>>

export function alertmanagerRoutes(api: AlertmanagerApi): (app: FastifyInstance) => void {
  return (app) => {
    status(app, api)
    silences(app, api)
    alerts(app, api)
    ours(app, api)
  }
}

/** Alertmanager says what is wrong as a bare JSON string. */
function answering(answer: (request: FastifyRequest) => unknown) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    try {
      return await reply.type('application/json').send(JSON.stringify(answer(request) ?? {}))
    } catch (error) {
      const code =
        error instanceof NotFound
          ? 404
          : error instanceof ConfigError || error instanceof z.ZodError
            ? 400
            : 500
      const message = error instanceof z.ZodError ? z.prettifyError(error) : explainError(error)
      return reply.code(code).type('application/json').send(JSON.stringify(message))
    }
  }
}

class NotFound extends Error {
  override readonly name = 'NotFound'
}

function status(app: FastifyInstance, { notifier, startedAt, version }: AlertmanagerApi): void {
  app.get(
    '/api/v2/status',
    answering(() => ({
      cluster: { status: 'disabled', peers: [] },
      versionInfo: {
        version: SPOKEN_VERSION,
        revision: `tidemark ${version}`,
        branch: '',
        buildUser: '',
        buildDate: '',
        goVersion: '',
      },
      config: { original: shownConfig(notifier.config) },
      uptime: iso(startedAt),
    })),
  )
  app.get(
    '/api/v2/receivers',
    answering(() => notifier.receiverNames.map((name) => ({ name }))),
  )
}

/** Blocks of ours that amtool, which reads this strictly, would not take for a configuration. */
const OURS = ['external_url', 'egress', 'flapping', 'heartbeat', 'digest']

/** The configuration in Alertmanager's words, secrets hidden as it hides them. */
function shownConfig(config: NotifyConfig): string {
  const shown = z.encode(NotifyConfig, config) ?? {}
  const theirs = Object.fromEntries(Object.entries(shown).filter(([key]) => !OURS.includes(key)))
  const text = stringify(theirs)
  // amtool 0.25 insists that a webhook's URL is one.
  return text.replaceAll(`url: ${REDACTED}`, 'url: http://secret.invalid/').replaceAll(REDACTED, '<secret>')
}

function silences(app: FastifyInstance, { notifier, now }: AlertmanagerApi): void {
  app.get(
    '/api/v2/silences',
    answering((request) => {
      const query = request.query as Query
      const wanted = filterOf(query)
      const order = ['active', 'pending', 'expired']
      return notifier.silences
        .list()
        .filter((silence) =>
          wanted(Object.fromEntries(silence.matchers.map(({ name, value }) => [name, value]))),
        )
        .map((silence) => silenceJson(silence, now()))
        .filter(({ status: { state } }) => query[state] !== 'false')
        .toSorted(
          (a, b) =>
            order.indexOf(a.status.state) - order.indexOf(b.status.state) || (a.endsAt < b.endsAt ? -1 : 1),
        )
    }),
  )
  app.post(
    '/api/v2/silences',
    answering((request) => {
      const { matchers, ...silence } = PostableSilence.parse(request.body)
      return { silenceID: notifier.silences.set({ ...silence, matchers: matchers.map(matcherOf) }, now()) }
    }),
  )
  app.get(
    '/api/v2/silence/:id',
    answering((request) => {
      const { id } = request.params as { id: string }
      const found = notifier.silences.get(id)
      if (found === undefined) throw new NotFound(`silence ${id} not found`)
      return silenceJson(found, now())
    }),
  )
  app.delete(
    '/api/v2/silence/:id',
    answering((request) => {
      const { id } = request.params as { id: string }
      if (notifier.silences.get(id) === undefined) throw new NotFound(`silence ${id} not found`)
      if (!notifier.silences.expire(id, now())) throw new ConfigError(`silence ${id} already expired`)
      return undefined
    }),
  )
}

function alerts(app: FastifyInstance, { notifier, now }: AlertmanagerApi): void {
  app.get(
    '/api/v2/alerts',
    answering((request) => {
      const shown = alertFilter(request.query as Query)
      return notifier
        .alerts(now())
        .filter(shown)
        .map((alert) => alertJson(alert, now()))
    }),
  )
  app.get(
    '/api/v2/alerts/groups',
    answering((request) => {
      const shown = notifier.alerts(now()).filter(alertFilter(request.query as Query))
      const members = new Map<string, AlertStatus[]>()
      for (const alert of shown)
        for (const { id } of alert.groups) members.set(id, [...(members.get(id) ?? []), alert])
      return notifier.groups().flatMap((group) => {
        const own = members.get(group.id)
        return own === undefined
          ? []
          : [
              {
                labels: group.labels,
                routeLabels: {},
                receiver: { name: group.receiver },
                alerts: own.map((alert) => alertJson(alert, now())),
              },
            ]
      })
    }),
  )
  app.post(
    '/api/v2/alerts',
    answering((request) => {
      const posted = z.array(PostableAlert).max(MAX_ALERTS).parse(request.body)
      const timeout = notifier.config.global.resolve_timeout ?? RESOLVE_TIMEOUT
      notifier.take(
        posted.map((alert) => alertOf(alert, now(), plus(now(), timeout))),
        now(),
      )
      return undefined
    }),
  )
}

function ours(app: FastifyInstance, { notifier, now }: AlertmanagerApi): void {
  app.get(
    '/api/tidemark/explain/:alert',
    answering((request) => {
      const { alert } = request.params as { alert: string }
      const found = notifier.explain(alert, now())
      if (found.length === 0) throw new NotFound(`no alert with the name or fingerprint ${alert} is known`)
      return { alerts: found }
    }),
  )
  app.get(
    '/api/tidemark/receivers',
    answering(() => ({ receivers: notifier.receivers(), failing: notifier.failing })),
  )
  app.post(
    '/api/tidemark/alerts/:fingerprint/acknowledge',
    answering((request) => {
      const { fingerprint } = request.params as { fingerprint: string }
      const { createdBy, comment } = Acknowledgement.parse(request.body)
      const found = notifier
        .alerts(now())
        .find(({ fact, state }) => fact.id === fingerprint && state !== 'resolved')
      if (found === undefined) throw new NotFound(`no alert ${fingerprint} is firing`)
      return {
        silenceID: notifier.silences.set(
          acknowledgement(found.fact.alert.labels, createdBy, comment, now()),
          now(),
        ),
      }
    }),
  )
}

function alertOf(posted: z.output<typeof PostableAlert>, now: Timestamp, timeout: Timestamp): Alert {
  const labels = Object.fromEntries(Object.entries(posted.labels).filter(([, value]) => value !== ''))
  if (Object.keys(labels).length === 0) throw new ConfigError('at least one label pair required')
  const endsAt = posted.endsAt ?? timeout
  const startsAt = posted.startsAt ?? timestamp(Math.min(now, endsAt))
  if (startsAt > endsAt) throw new ConfigError('the start of an alert must be before its end')
  return {
    labels,
    annotations: posted.annotations ?? {},
    startsAt,
    endsAt,
    updatedAt: now,
    generatorUrl: posted.generatorURL ?? '',
    value: null,
    noData: false,
  }
}

const matcherOf = ({
  name,
  value,
  isRegex,
  isEqual,
}: {
  name: string
  value: string
  isRegex: boolean
  isEqual: boolean
}): Matcher => ({
  name,
  op: isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=',
  value,
})

const many = (value: string | string[] | undefined): readonly string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

const filterOf = (query: Query) => matchesAll(many(query['filter']).flatMap(parseMatchers))

function alertFilter(query: Query): (alert: AlertStatus) => boolean {
  const wanted = filterOf(query)
  const receiver = many(query['receiver'])[0]
  const pattern = receiver === undefined ? null : compilePattern(receiver)
  const asked = (name: string) => query[name] !== 'false'
  return ({ fact, state, mute, mutedBy, receivers }) =>
    state !== 'resolved' &&
    (state !== 'active' || asked('active')) &&
    (mute.silencedBy.length === 0 || asked('silenced')) &&
    (mute.inhibitedBy.length === 0 || asked('inhibited')) &&
    (mutedBy.length === 0 || asked('muted')) &&
    (pattern === null || receivers.some((name) => pattern.testExact(name))) &&
    wanted(fact.alert.labels)
}

function compilePattern(text: string): RE2JS {
  try {
    return RE2JS.compile(`^(?:${text})$`)
  } catch (error) {
    throw new ConfigError(`failed to parse receiver param: ${explainError(error)}`, { cause: error })
  }
}

const iso = (at: Timestamp): string => new Date(at).toISOString()

function alertJson({ fact, state, mute, mutedBy, receivers }: AlertStatus, now: Timestamp) {
  return {
    labels: fact.alert.labels,
    annotations: fact.alert.annotations,
    startsAt: iso(fact.alert.startsAt),
    endsAt: iso(fact.alert.endsAt ?? fact.expiresAt ?? plus(now, RESOLVE_TIMEOUT)),
    updatedAt: iso(fact.alert.updatedAt),
    ...(URL.canParse(fact.alert.generatorUrl) ? { generatorURL: fact.alert.generatorUrl } : {}),
    fingerprint: fact.id,
    receivers: receivers.map((name) => ({ name })),
    status: { state, silencedBy: mute.silencedBy, inhibitedBy: mute.inhibitedBy, mutedBy },
  }
}

const silenceJson = (silence: SilenceFact, now: Timestamp) => ({
  id: silence.id,
  status: { state: now < silence.startsAt ? 'pending' : now < silence.endsAt ? 'active' : 'expired' },
  matchers: silence.matchers.map(({ name, op, value }) => ({
    name,
    value,
    isRegex: op.endsWith('~'),
    isEqual: op.startsWith('='),
  })),
  startsAt: iso(silence.startsAt),
  endsAt: iso(silence.endsAt),
  updatedAt: iso(silence.updatedAt),
  createdBy: silence.createdBy,
  comment: silence.comment,
  annotations: silence.annotations,
  during: silence.during,
  untilResolved: silence.untilResolved,
})
