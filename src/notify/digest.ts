// A summary of a day or a week: what was late, what failed, what was noisy, where money can be saved. Pure.
import type { FactReader } from '../model/store.ts'
import { type Timestamp, between, readableCount, readableDuration } from '../model/units.ts'

const LINES = 10
/** Events looked through. */
const HISTORY = 50_000
const FAILED: ReadonlySet<string> = new Set(['failure', 'error', 'timeout'])

export interface Digest {
  readonly title: string
  readonly text: string
}

/** From what the store knows of the time between `from` and `to`. */
export function digestOf(known: FactReader, from: Timestamp, to: Timestamp): Digest {
  const length = readableDuration(between(from, to))
  const notices = known
    .facts('notice', { from, to, limit: HISTORY })
    .filter(({ reason }) => reason !== 'announcement')
  const opened = notices.filter(({ status, reason }) => status === 'firing' && reason !== 'repeat')
  const about = opened.flatMap((notice) => notice.about)
  const failed = known.facts('run', { from, to, limit: HISTORY }).filter(({ state }) => FAILED.has(state))
  const blind = known.facts('problem').filter(({ resolved }) => resolved === null)
  const sections = [
    section(
      'Late or wrong tables',
      ranked(
        about
          .filter(({ subject }) => subject.startsWith('table '))
          .map(({ name, subject }) => `${subject.slice(6)}: ${name}`),
        'told',
      ),
    ),
    section(
      'Failed runs',
      ranked(
        failed.map(({ source, pipeline }) => `${pipeline} (${source})`),
        'failed',
      ),
    ),
    section(
      'Noisiest alerts',
      ranked(
        notices.flatMap((notice) => notice.about.map(({ name }) => name)),
        'notified',
      ),
    ),
    section(
      'Not readable now',
      blind
        .slice(0, LINES)
        .map(({ source, subject, message }) => `${subject === '' ? source : subject}: ${message}`),
    ),
    section('Top savings', savings(known)),
  ]
  const title = `Tidemark, the last ${length}: ${readableCount(notices.length)} notifications, ${readableCount(failed.length)} failed runs`
  return { title, text: sections.join('\n\n') }
}

const section = (heading: string, lines: readonly string[]): string =>
  [heading, ...(lines.length === 0 ? ['  none'] : lines.map((line) => `  ${line}`))].join('\n')

/** Most frequent first. */
function ranked(names: readonly string[], verb: string): string[] {
  const groups = [...Map.groupBy(names, (name) => name)].toSorted(
    ([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1),
  )
  const rest = groups.length - LINES
  return [
    ...groups
      .slice(0, LINES)
      .map(
        ([name, all]) =>
          `${name}, ${verb} ${all.length === 1 ? 'once' : `${readableCount(all.length)} times`}`,
      ),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ]
}

/** Savings of single pieces are never added: the total is that of one consistent set. */
function savings(known: FactReader): string[] {
  const active = known.facts('advice').filter(({ state }) => state === 'active')
  const priced = active
    .flatMap(({ advice }) =>
      advice.cost.savings === null ? [] : [{ title: advice.title, usd: advice.cost.savings.p50 }],
    )
    .toSorted((a, b) => b.usd - a.usd)
  const [total] = known.facts('advising')
  return [
    ...priced.slice(0, LINES).map(({ title, usd }) => `${title}: about ${usd.toFixed(2)} USD a month`),
    ...(total === undefined || priced.length === 0
      ? []
      : [`together: from ${total.total.before.toFixed(2)} to ${total.total.after.toFixed(2)} USD a month`]),
  ]
}
