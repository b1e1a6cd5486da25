// A run's tasks beside each other on one time axis.
import { type Timestamp, timestamp } from '../model/units.ts'
import type { Run } from './answers.ts'
import { type Axis, axisLabels, stretch } from './charts.ts'
import { type Line, fit, line, span } from './line.ts'
import { runHealth, tookUntil } from './run-health.ts'
import { GLYPH, TONE } from './state.ts'
import { length } from './words.ts'

const STATE = 11
const MOST_NAME = 28
const TOOK = 11
const LEAST_AXIS = 10

/** Empty where its source tells of no tasks. A task that is not over is drawn until the run's end, or now. */
export function gantt(run: Run, now: Timestamp, width: number): Line[] {
  const tasks = run.tasks.toSorted((a, b) => (a.startedAt ?? Infinity) - (b.startedAt ?? Infinity))
  if (tasks.length === 0) return []
  const name = Math.min(MOST_NAME, Math.max(8, width - STATE - TOOK - LEAST_AXIS - 4))
  const starts = tasks.flatMap(({ startedAt }) => startedAt ?? [])
  const over = run.endedAt ?? now
  const axis: Axis = {
    from: timestamp(Math.min(...starts, run.startedAt ?? over)),
    to: timestamp(Math.max(...tasks.map(({ endedAt }) => endedAt ?? over), over)),
    width: Math.max(LEAST_AXIS, width - STATE - name - TOOK - 4),
  }
  return [
    ...tasks.map((task) => {
      const { state, word } = runHealth(task)
      const drawn =
        task.startedAt === null ? '' : stretch(axis, task.startedAt, timestamp(task.endedAt ?? over))
      return line(
        span(fit(`${GLYPH[state]} ${word}`, STATE), TONE[state]),
        `  ${fit(task.name, name)} ${fit(length(tookUntil(task, over)), TOOK, 'right')} `,
        span(drawn, TONE[state]),
      )
    }),
    line(' '.repeat(STATE + name + TOOK + 4), ...axisLabels(axis).spans),
  ]
}
