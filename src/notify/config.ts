// The notify block: Alertmanager's words (route, receivers, inhibit_rules, time_intervals, templates) and a few of ours.
import { z } from 'zod'
import { explainError } from '../model/errors.ts'
import { Duration } from '../model/fields.ts'
import { SecretText } from '../model/secret.ts'
import { MINUTE, SECOND, millis } from '../model/units.ts'
import { compileMatchers, parseMatchers } from './matcher.ts'
import { Global } from './receivers/global.ts'
import { receivers } from './receivers/index.ts'
import { compileTimeInterval } from './time-interval.ts'

/** Makes a schema refuse what `compile` throws on, with its message. */
const compiles =
  <T>(compile: (value: T) => unknown) =>
  (value: T, context: z.RefinementCtx<T>): void => {
    try {
      compile(value)
    } catch (error) {
      context.addIssue({ code: 'custom', message: explainError(error) })
    }
  }

const MatcherText = z.string().superRefine(compiles(parseMatchers))
const MatchMap = z.record(z.string(), z.string())
const MatchRegexMap = MatchMap.superRefine(
  compiles((map) => compileMatchers(Object.entries(map).map(([name, value]) => ({ name, op: '=~', value })))),
)

const RouteConfig = z.strictObject({
  receiver: z.string().optional(),
  group_by: z
    .array(z.string())
    .refine((names) => new Set(names).size === names.length, 'a label is named twice')
    .refine(
      (names) => !names.includes('...') || names.length === 1,
      "'...' stands alone: it means all labels",
    )
    .optional(),
  group_wait: Duration(millis(0)).optional(),
  group_interval: Duration(millis(1)).optional(),
  repeat_interval: Duration(millis(1)).optional(),
  continue: z.boolean().optional(),
  match: MatchMap.optional(),
  match_re: MatchRegexMap.optional(),
  matchers: z.array(MatcherText).optional(),
  mute_time_intervals: z.array(z.string()).optional(),
  active_time_intervals: z.array(z.string()).optional(),
  get routes() {
    return z.array(RouteConfig).optional()
  },
})
export type RouteConfig = z.output<typeof RouteConfig>

const InhibitRuleConfig = z.strictObject({
  name: z.string().optional(),
  source_match: MatchMap.optional(),
  source_match_re: MatchRegexMap.optional(),
  source_matchers: z.array(MatcherText).optional(),
  target_match: MatchMap.optional(),
  target_match_re: MatchRegexMap.optional(),
  target_matchers: z.array(MatcherText).optional(),
  equal: z.array(z.string()).optional(),
})
export type InhibitRuleConfig = z.output<typeof InhibitRuleConfig>

const Texts = z.array(z.string()).optional()
const Interval = z
  .strictObject({
    times: z.array(z.strictObject({ start_time: z.string(), end_time: z.string() })).optional(),
    weekdays: Texts,
    days_of_month: Texts,
    months: Texts,
    years: Texts,
    location: z.string().optional(),
  })
  .superRefine(compiles(compileTimeInterval))
const NamedInterval = z.strictObject({
  name: z.string().min(1),
  time_intervals: z.array(Interval).prefault([]),
})

/** Kinds that Alertmanager has and we do not: named, so that a file that uses one says which. */
const FOREIGN_KINDS = new Set(
  'discord incidentio jira mattermost pushover rocketchat telegram victorops webex wechat'
    .split(' ')
    .map((kind) => `${kind}_configs`),
)

const blocks = Object.fromEntries(
  receivers.map((receiver) => [
    `${receiver.type}_configs`,
    z
      .array(receiver.Config.extend({ send_resolved: z.boolean().prefault(receiver.sendResolved) }))
      .optional(),
  ]),
)

const ReceiverBlock = z.looseObject({ name: z.string().min(1), ...blocks }).superRefine((block, context) => {
  for (const key of Object.keys(block)) {
    if (key === 'name' || key in blocks) continue
    const known = receivers.map(({ type }) => `${type}_configs`).join(', ')
    context.addIssue({
      code: 'custom',
      path: [key],
      message: FOREIGN_KINDS.has(key)
        ? `the receiver kind ${key} is not supported; supported are ${known}`
        : `unknown field ${JSON.stringify(key)}; expected one of ${known}`,
    })
  }
})

const LOG_ONLY = { route: { receiver: 'log' }, receivers: [{ name: 'log', log_configs: [{}] }] }

const Shape = z.strictObject({
  global: Global.prefault({}),
  templates: z.array(z.string()).prefault([]),
  route: RouteConfig,
  receivers: z.array(ReceiverBlock),
  inhibit_rules: z.array(InhibitRuleConfig).prefault([]),
  mute_time_intervals: z.array(NamedInterval).prefault([]),
  time_intervals: z.array(NamedInterval).prefault([]),
  // From here on: ours.
  external_url: z
    .url()
    .optional()
    .describe('Where people reach this process; links in messages start with it.'),
  egress: z
    .strictObject({ allow: z.array(z.string()).prefault([]) })
    .prefault({})
    .describe(
      'Private address ranges that receivers may be in, such as 10.0.0.0/8. Public addresses need no entry.',
    ),
  flapping: z
    .strictObject({ flips: z.int().min(2).prefault(8), within: Duration(MINUTE).prefault('1h') })
    .nullable()
    .prefault({})
    .describe('An alert that changes more often than this is told once as flapping, until it is calm again.'),
  heartbeat: z
    .strictObject({
      url: SecretText,
      every: Duration(millis(10 * SECOND)).prefault('1m'),
    })
    .optional()
    .describe("A dead-man's switch: called while notifications work."),
  digest: z
    .strictObject({
      receiver: z.string(),
      schedule: z.string().prefault('0 7 * * 1'),
      timezone: z.string().prefault('UTC'),
    })
    .optional()
    .describe('A summary of what was late, failed, noisy or costly, sent to one receiver.'),
})

export const NotifyConfig = Shape.superRefine(checkNames).prefault(LOG_ONLY)
export type NotifyConfig = z.output<typeof NotifyConfig>

/** References between the parts, as Alertmanager checks them. */
function checkNames(config: z.output<typeof Shape>, context: z.RefinementCtx): void {
  const issue = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message })
  const names = new Set<string>()
  for (const [i, { name }] of config.receivers.entries()) {
    if (names.has(name)) issue(['receivers', i, 'name'], `the receiver ${name} is defined twice`)
    names.add(name)
  }
  const intervals = new Set<string>()
  for (const key of ['mute_time_intervals', 'time_intervals'] as const) {
    for (const [i, { name }] of config[key].entries()) {
      if (intervals.has(name)) issue([key, i, 'name'], `the time interval ${name} is defined twice`)
      intervals.add(name)
    }
  }
  if (config.route.receiver === undefined) issue(['route'], 'the root route needs a receiver')
  for (const key of [
    'match',
    'match_re',
    'matchers',
    'mute_time_intervals',
    'active_time_intervals',
    'continue',
  ] as const) {
    const value = config.route[key]
    if (value !== undefined && value !== false && Object.keys(value).length > 0)
      issue(['route', key], `the root route takes every alert and cannot have ${key}`)
  }
  const visit = (route: RouteConfig, path: PropertyKey[]): void => {
    if (route.receiver !== undefined && !names.has(route.receiver))
      issue([...path, 'receiver'], `the receiver ${route.receiver} is not defined`)
    for (const key of ['mute_time_intervals', 'active_time_intervals'] as const) {
      for (const name of route[key] ?? [])
        if (!intervals.has(name)) issue([...path, key], `the time interval ${name} is not defined`)
    }
    for (const [i, child] of (route.routes ?? []).entries()) visit(child, [...path, 'routes', i])
  }
  visit(config.route, ['route'])
  if (config.digest !== undefined && !names.has(config.digest.receiver))
    issue(['digest', 'receiver'], `the receiver ${config.digest.receiver} is not defined`)
}
