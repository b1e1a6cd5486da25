// Fresher than anyone reads: results that are made again before anybody looked at them.
import type { Advice } from '../../model/advice.ts'
import type { RunFact } from '../../model/run-facts.ts'
import { DAY, readableCount, timestamp } from '../../model/units.ts'
import {
  LOOKBACK_DAYS,
  type PipelineView,
  hoursOf,
  intervalOf,
  scheduleAdvice,
  seen,
} from './pipeline-view.ts'
import type { Readers } from './readers.ts'

const LEAST_REFRESHES = 14
/** Readers that hardly run tell nothing of a habit. */
const LEAST_READS = 5
const UNREAD_SHARE = 0.6

/**
 * A successful run was read where a run of a pipeline that reads its tables began before its next successful run
 * ended. The newest one may still be read and does not count; a stream reads all the time.
 */
export function unreadRefreshes(view: PipelineView, readers: Readers): Advice | null {
  const { pipeline, runs, now } = view
  const known = readers.of(pipeline)
  if (known.length === 0 || known.some(({ endless }) => endless)) return null
  const made = runs
    .filter((run): run is RunFact & { endedAt: number } => run.state === 'success' && run.endedAt !== null)
    .toSorted((a, b) => a.endedAt - b.endedAt)
  if (made.length <= LEAST_REFRESHES) return null
  const starts = readers.starts(known, timestamp(now - LOOKBACK_DAYS * DAY), now)
  if (starts.length < LEAST_READS) return null
  const unread = replacedUnread(made, starts)
  if (unread.length < (made.length - 1) * UNREAD_SHARE) return null
  const names = known.map(({ pipeline: name }) => name).toSorted()
  const each = made.length / (made.length - unread.length)
  return scheduleAdvice(view, {
    topic: 'unread-refreshes',
    alternatives: intervalOf(view),
    title: `Run ${pipeline.pipeline} as often as it is read: ${readableCount(unread.length)} of ${readableCount(made.length)} results were replaced unread`,
    why: `In ${LOOKBACK_DAYS} days ${listed(names)} began ${readableCount(starts.length)} times; ${pipeline.pipeline} made its tables ${readableCount(made.length)} times, mostly again before any of them looked.`,
    evidence: [
      seen(view, 'results replaced before a known reader began', unread.length, 'runs'),
      seen(view, 'runs of its readers', starts.length, 'runs'),
      seen(view, 'hours of runs that nobody read', hoursOf(unread), 'hours'),
    ],
    effects: ['its tables are as fresh as their readers need, not fresher'],
    // People and dashboards leave no lineage.
    confidence: 0.4,
    hours: hoursOf(unread),
    after: `start ${pipeline.pipeline} shortly before ${listed(names)}, or about every ${Math.max(2, Math.round(each))}th time`,
    rollback: `set the schedule back to ${pipeline.schedule ?? 'what it was'}`,
    performance: 1,
    reasons: [
      'only readers that lineage knows are counted: ask who else looks at these tables (people, dashboards, exports)',
      'hold the longer interval against the freshness that is expected of its tables',
    ],
  })
}

/** Both ascending. */
function replacedUnread<R extends { readonly endedAt: number }>(
  made: readonly R[],
  starts: readonly number[],
): R[] {
  let next = 0
  return made.filter((run, i) => {
    const replacedAt = made[i + 1]?.endedAt
    while (next < starts.length && starts[next]! < run.endedAt) next += 1
    return replacedAt !== undefined && !(next < starts.length && starts[next]! < replacedAt)
  })
}

const NAMED = 3
const listed = (names: readonly string[]): string =>
  names.length <= NAMED
    ? names.join(', ')
    : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`
