// The routing tree: which receiver is told about an alert, grouped by what, how often.
import type { Labels } from '../model/series.ts'
import { type Millis, HOUR, MINUTE, SECOND, millis } from '../model/units.ts'
import type { RouteConfig } from './config.ts'
import { printLabels } from './fingerprint.ts'
import { type Matchers, compileMatchers, parseMatchers } from './matcher.ts'

export interface Route {
  /** The matchers from the root down, `{}/{team="data"}`; the first half of a groupKey. */
  readonly key: string
  readonly receiver: string
  readonly groupBy: 'all' | readonly string[]
  readonly groupWait: Millis
  readonly groupInterval: Millis
  readonly repeatInterval: Millis
  /** Names of time intervals; not inherited. */
  readonly mute: readonly string[]
  readonly active: readonly string[]
  readonly goesOn: boolean
  readonly matchers: Matchers
  readonly children: readonly Route[]
}

const DEFAULTS = {
  receiver: '',
  groupBy: [] as 'all' | readonly string[],
  groupWait: millis(30 * SECOND),
  groupInterval: millis(5 * MINUTE),
  repeatInterval: millis(4 * HOUR),
}

export const compileRoute = (config: RouteConfig): Route => compile(config, DEFAULTS, '')

function compile(config: RouteConfig, above: typeof DEFAULTS, path: string): Route {
  const matchers = compileMatchers([
    ...Object.entries(config.match ?? {}).map(([name, value]) => ({ name, op: '=' as const, value })),
    // Alertmanager shows these anchored, and a groupKey (a PagerDuty dedup_key) must survive a move to us.
    ...Object.entries(config.match_re ?? {}).map(([name, value]) => ({
      name,
      op: '=~' as const,
      value: `^(?:${value})$`,
    })),
    ...(config.matchers ?? []).flatMap(parseMatchers),
  ])
  const own = {
    receiver: config.receiver ?? above.receiver,
    groupBy:
      config.group_by === undefined
        ? above.groupBy
        : config.group_by.includes('...')
          ? ('all' as const)
          : config.group_by,
    groupWait: config.group_wait ?? above.groupWait,
    groupInterval: config.group_interval ?? above.groupInterval,
    repeatInterval: config.repeat_interval ?? above.repeatInterval,
  }
  const key = path === '' ? matchers.text : `${path}/${matchers.text}`
  return {
    ...own,
    key,
    mute: config.mute_time_intervals ?? [],
    active: config.active_time_intervals ?? [],
    goesOn: config.continue ?? false,
    matchers,
    children: (config.routes ?? []).map((child) => compile(child, own, key)),
  }
}

/** Depth first: the first child that matches, and the next ones while `continue` says so; without one the node itself. */
export function routesOf(route: Route, labels: Labels): Route[] {
  if (!route.matchers.matches(labels)) return []
  const found: Route[] = []
  for (const child of route.children) {
    const below = routesOf(child, labels)
    found.push(...below)
    if (below.length > 0 && !child.goesOn) break
  }
  return found.length > 0 ? found : [route]
}

export const groupLabelsOf = (route: Route, labels: Labels): Labels =>
  route.groupBy === 'all'
    ? labels
    : Object.fromEntries(
        route.groupBy.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])),
      )

export const groupKeyOf = (route: Route, groupLabels: Labels): string =>
  `${route.key}:${printLabels(groupLabels)}`

/** The receiver belongs to the identity: two routes with the same matchers may go to different ones. */
export const groupIdOf = (receiver: string, groupKey: string): string => `${receiver}|${groupKey}`
