// The three kinds of mute (inhibition, silences, calendars), each answering why and by what.
import type { SilenceFact } from '../model/notice.ts'
import type { Labels } from '../model/series.ts'
import type { Timestamp } from '../model/units.ts'
import type { InhibitRuleConfig } from './config.ts'
import { type Matchers, compileMatchers, parseMatchers } from './matcher.ts'
import type { Route } from './route.ts'
import { type TimeIntervals, endOf, withinNamed } from './time-interval.ts'

/** Why an alert is not shown now. Everything that mutes is listed, not only the first. */
export interface Mute {
  /** Fingerprints of the alerts that inhibit it. */
  readonly inhibitedBy: readonly string[]
  /** Ids of silences. */
  readonly silencedBy: readonly string[]
}

export const isMuted = (mute: Mute): boolean => mute.inhibitedBy.length > 0 || mute.silencedBy.length > 0

export interface FiringAlert {
  readonly fingerprint: string
  readonly labels: Labels
}

export interface InhibitRule {
  readonly source: Matchers
  readonly target: Matchers
  readonly equal: readonly string[]
}

export function compileInhibitRule(config: InhibitRuleConfig): InhibitRule {
  const side = (
    matchers: readonly string[] | undefined,
    match: Readonly<Record<string, string>> | undefined,
    matchRe: Readonly<Record<string, string>> | undefined,
  ) =>
    compileMatchers([
      ...(matchers ?? []).flatMap(parseMatchers),
      ...Object.entries(match ?? {}).map(([name, value]) => ({ name, op: '=' as const, value })),
      ...Object.entries(matchRe ?? {}).map(([name, value]) => ({ name, op: '=~' as const, value })),
    ])
  return {
    source: side(config.source_matchers, config.source_match, config.source_match_re),
    target: side(config.target_matchers, config.target_match, config.target_match_re),
    equal: config.equal ?? [],
  }
}

/** Answers by which of the firing alerts an alert is inhibited; sources are indexed once for all questions. */
export function inhibitor(
  rules: readonly InhibitRule[],
  firing: Iterable<FiringAlert>,
): (labels: Labels) => string[] {
  const alerts = rules.length > 0 ? [...firing] : []
  const indexed = rules.map((rule) => ({
    rule,
    sources: Map.groupBy(
      alerts.filter(({ labels }) => rule.source.matches(labels)),
      ({ labels }) => equalKey(rule, labels),
    ),
  }))
  return (labels) => {
    const by = new Set<string>()
    for (const { rule, sources } of indexed) {
      if (!rule.target.matches(labels)) continue
      // Two alerts that match both sides of a rule would inhibit each other, and nobody would be told.
      const bothSides = rule.source.matches(labels)
      const source = sources
        .get(equalKey(rule, labels))
        ?.find((candidate) => !bothSides || !rule.target.matches(candidate.labels))
      if (source !== undefined) by.add(source.fingerprint)
    }
    return [...by]
  }
}

/** A label that both lack counts as equal. */
const equalKey = (rule: InhibitRule, labels: Labels): string =>
  JSON.stringify(rule.equal.map((name) => labels[name] ?? ''))

export type SilenceState = 'pending' | 'active' | 'expired'

export const silenceState = (silence: SilenceFact, now: Timestamp): SilenceState =>
  now < silence.startsAt ? 'pending' : now < silence.endsAt ? 'active' : 'expired'

/** A silence with windows is active between its start and end, but mutes only inside the windows. */
export const mutesNow = (silence: SilenceFact, intervals: TimeIntervals, now: Timestamp): boolean =>
  silenceState(silence, now) === 'active' &&
  (silence.during.length === 0 || silence.during.some((name) => withinNamed(intervals, name, now)))

export interface CalendarMute {
  /** The interval's name, or `outside <names>` for active_time_intervals. */
  readonly by: string
  readonly until: Timestamp | null
}

/** Whether the route's calendars mute everything now. */
export function calendarMute(route: Route, intervals: TimeIntervals, now: Timestamp): CalendarMute | null {
  const inside = (name: string) => (at: Timestamp) => withinNamed(intervals, name, at)
  const muting = route.mute.find((name) => inside(name)(now))
  if (muting !== undefined) return { by: muting, until: endOf(inside(muting), now) }
  const outside = (at: Timestamp) => !route.active.some((name) => inside(name)(at))
  if (route.active.length > 0 && outside(now)) {
    return { by: `outside ${route.active.join(', ')}`, until: endOf(outside, now) }
  }
  return null
}
